//! `refreshArgs`: the documented arguments in their documented case, all others as they came; values and order
//! unchanged.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::json::{self, Object};
use crate::text::{misspelt, printable};

pub(crate) const PRUNE: &str = "pruneIdentities";

/// The documented arguments.
pub(crate) const DOCUMENTED: [&str; 6] =
    ["correlateEntitlements", "promoteAttributes", "refreshManagerStatus", "synchronizeAttributes", PRUNE, "provision"];

/// The arguments of a refresh, each once. Serialised as the object that is sent.
#[derive(Debug)]
pub(crate) struct Arguments<'a>(Vec<Argument<'a>>);

#[derive(Debug)]
struct Argument<'a> {
    name: Cow<'a, str>,
    value: &'a RawValue,
    /// The value of a documented argument; `None` for others.
    flag: Option<bool>,
}

impl<'a> Arguments<'a> {
    /// Null members are left out.
    pub(crate) fn read(object: Object<'a>) -> Result<Self> {
        let mut arguments: Vec<Argument<'a>> = Vec::new();
        for (given, value) in object.into_members().into_iter().filter(|(_, value)| value.get() != "null") {
            let documented = DOCUMENTED.into_iter();
            let as_written = documented.clone().find(|name| *name == given);
            let Some(name) =
                as_written.or_else(|| documented.into_iter().find(|name| name.eq_ignore_ascii_case(&given)))
            else {
                json::check_any(value, || format!("refreshArgs.{}", printable(&given)))?;
                arguments.push(Argument { name: given, value, flag: None });
                continue;
            };
            if arguments.iter().any(|argument| argument.name == name) {
                return Err(Error::invalid_argument(format!(
                    "refreshArgs has the argument {name} twice, in different case."
                ))
                .hint(format!("Keep one of the two, as {name}.")));
            }
            let flag = json::boolean(value, || format!("refreshArgs.{name}"))
                .map_err(|error| error.hint("A boolean, or the text \"true\" or \"false\" in any case."))?;
            arguments.push(Argument { name: Cow::Borrowed(name), value, flag: Some(flag) });
        }
        Ok(Self(arguments))
    }

    /// The value of a documented argument, if it is given.
    pub(crate) fn get(&self, name: &str) -> Option<bool> {
        self.0.iter().find(|argument| argument.name == name)?.flag
    }

    /// The names that are not documented.
    pub(crate) fn undocumented(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|argument| argument.flag.is_none()).map(|argument| argument.name.as_ref())
    }

    /// A sentence for each name that is probably a misspelt documented one.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let warning = |name: &str| {
            let meant = meant(name)?;
            Some(format!(
                "refreshArgs.{} is sent as it is, but is no documented argument: was {meant} meant?",
                printable(name)
            ))
        };
        self.undocumented().filter_map(warning).collect()
    }
}

/// The documented argument that a name is probably meant to be.
pub(crate) fn meant(name: &str) -> Option<&'static str> {
    misspelt(name, &DOCUMENTED)
}

impl Serialize for Arguments<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|argument| (&argument.name, argument.value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> Result<String> {
        let arguments = Arguments::read(Object::parse(text, "the arguments")?)?;
        Ok(serde_json::to_string(&arguments).expect("JSON"))
    }

    #[test]
    fn documented_names_are_sent_in_their_documented_case_and_everything_else_is_unchanged() {
        for (text, expected) in [
            (r#"{"PROVISION":true,"refreshLinks":[1]}"#, r#"{"provision":true,"refreshLinks":[1]}"#),
            (r#"{"PromoteAttributes":"True"}"#, r#"{"promoteAttributes":"True"}"#),
            (r#"{"pruneidentities":"\u0066alse"}"#, r#"{"pruneIdentities":"\u0066alse"}"#),
            (r#"{"Provision":null,"provision":false}"#, r#"{"provision":false}"#),
            (r#"{"RefreshLinks":"yes","x":null}"#, r#"{"RefreshLinks":"yes"}"#),
        ] {
            assert_eq!(sent(text).expect(text), expected);
        }
    }

    #[test]
    fn a_value_that_is_no_boolean_and_a_name_in_two_cases_are_refused() {
        for value in ["1", "0", "\"yes\"", "\"\"", "\" true\"", "\"1\"", "[true]", "{}", "1.0"] {
            for name in DOCUMENTED {
                let error = sent(&format!(r#"{{"{name}":{value}}}"#)).expect_err(value);
                let says = format!("refreshArgs.{name} must be true or false");
                assert!(error.details().message.contains(&says), "{error}");
            }
        }
        let error = sent(r#"{"provision":true,"Provision":true}"#).expect_err("twice");
        assert!(error.details().message.contains("provision twice"), "{error}");
    }

    #[test]
    fn a_name_within_two_letters_of_a_documented_one_is_told() {
        for (name, expected) in [
            ("Provsion", Some("provision")),
            ("provisoin", Some("provision")),
            ("promoteAttribute", Some("promoteAttributes")),
            ("correlate_entitlements", Some("correlateEntitlements")),
            ("pruneIdentitys", Some(PRUNE)),
            ("refreshLinks", None),
            ("refreshManager", None),
            ("provi", None),
        ] {
            assert_eq!(meant(name), expected, "{name}");
        }
    }
}
