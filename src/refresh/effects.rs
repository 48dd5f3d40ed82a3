//! Maps a request's arguments to calls of the successor of `/cc`. `identities/process` always does four things, and
//! `synchronize-attributes` a fifth; other arguments have no equivalent.

use crate::error::{Code, Error, Result};
use crate::request::{Arguments, PRUNE};
use crate::text::printable;

/// The calls for a request's arguments.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// `identities/process`.
    pub(crate) process: bool,
    /// `synchronize-attributes`, for each person.
    pub(crate) synchronize: bool,
    /// Arguments that are not set although the call has their effect.
    pub(crate) side_effects: Vec<&'static str>,
    /// Differences between the arguments and the effects, a sentence each.
    pub(crate) warnings: Vec<String>,
}

/// The effects of `identities/process`: the argument for each, and a description.
const PROCESS_EFFECTS: [(&str, &str); 4] = [
    ("correlateEntitlements", "calculates entitlements, roles and access profiles"),
    ("promoteAttributes", "calculates identity attributes"),
    ("refreshManagerStatus", "calculates managers and who is one"),
    ("provision", "provisions what is assigned"),
];

const SYNCHRONIZE: &str = "synchronizeAttributes";

/// The maximum number of arguments in an error.
const SHOWN: usize = 10;

/// Chooses the calls. An argument that they exceed or do not fulfil is an error, or a warning if `allow_broader`.
pub(crate) fn effects(arguments: Option<&Arguments<'_>>, allow_broader: bool) -> Result<Effects> {
    let given: Vec<(&str, bool)> = arguments.into_iter().flat_map(Arguments::iter).collect();
    let is_set = |name: &str| given.iter().any(|(given, set)| *set && given.eq_ignore_ascii_case(name));
    // A name may occur twice, with different case: then it is both.
    let is_false = |name: &str| given.iter().any(|(given, set)| !*set && given.eq_ignore_ascii_case(name));
    let synchronize = is_set(SYNCHRONIZE);
    // In this case process has nothing to do, and the rest matches the arguments exactly.
    let process = !(synchronize && PROCESS_EFFECTS.iter().all(|(name, _)| is_false(name) && !is_set(name)));
    let mut differences = Vec::new();
    for (name, does) in PROCESS_EFFECTS.iter().filter(|(name, _)| process && is_false(name)) {
        differences.push(format!("{name} is false, and identities/process always {does}"));
    }
    if is_set(PRUNE) {
        differences.push(format!("{PRUNE} is set, and only /cc deletes identities"));
    }
    for (name, _) in given.iter().filter(|(name, _)| !is_known(name)) {
        differences.push(format!("{} is not an argument that it supports", printable(name)));
    }
    if !allow_broader && !differences.is_empty() {
        return Err(unsupported(&differences));
    }
    let side_effects =
        PROCESS_EFFECTS.iter().filter(|(name, _)| process && !is_set(name)).map(|(name, _)| *name).collect();
    let warnings = differences.into_iter().map(|difference| format!("{difference}.")).collect();
    Ok(Effects { process, synchronize, side_effects, warnings })
}

fn is_known(name: &str) -> bool {
    let mut names = PROCESS_EFFECTS.iter().map(|(name, _)| *name).chain([SYNCHRONIZE, PRUNE]);
    names.any(|known| known.eq_ignore_ascii_case(name))
}

fn unsupported(differences: &[String]) -> Error {
    let shown = differences[..differences.len().min(SHOWN)].join("; ");
    Error::new(
        Code::UnsupportedArgument,
        format!("The successor of /cc cannot do exactly what refreshArgs ask for: {shown}."),
    )
    .hint(
        "Nothing was sent. Leave these arguments out. Or let it do what it can, with a warning of each: ⟦allow-broader⟧, ⟦always-broader⟧.\n\
         Where only attributes are to be synchronized: synchronizeAttributes true, and the other four false.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Object;

    fn effects_of(text: &str, allow_broader: bool) -> Result<Effects> {
        let arguments = Arguments::read(Object::parse(text, "the arguments").expect("JSON")).expect("arguments");
        effects(Some(&arguments), allow_broader)
    }

    #[test]
    fn side_effects_are_listed_and_refused_arguments_are_named() {
        let effects =
            effects_of(r#"{"Provision": "True", "synchronizeAttributes": "false"}"#, false).expect("can be done");
        assert_eq!(effects.side_effects, ["correlateEntitlements", "promoteAttributes", "refreshManagerStatus"]);
        assert_eq!((effects.process, effects.synchronize, effects.warnings.len()), (true, false, 0));
        for (text, named) in [
            (r#"{"provision": false}"#, "provision is false"),
            (r#"{"provision": "False"}"#, "provision is false"),
            (r#"{"PROVISION": 0}"#, "provision is false"),
            (r#"{"provision": "\u0066alse"}"#, "provision is false"),
            (r#"{"provision": true, "Provision": false}"#, "provision is false"),
            (r#"{"pruneIdentities": "true"}"#, "pruneIdentities is set"),
            (r#"{"refreshLinks": false}"#, "refreshLinks is not an argument"),
        ] {
            let error = effects_of(text, false).expect_err(text);
            assert!(error.details().message.contains(named), "{text}: {error}");
            assert_eq!(effects_of(text, true).expect("allowed").warnings.len(), 1);
        }
        assert_eq!(
            effects_of(r#"{"pruneIdentities": false, "provision": null}"#, false).expect("fine").warnings.len(),
            0
        );
    }

    #[test]
    fn only_attributes_are_synchronized_if_all_else_is_false() {
        let all = r#"{"correlateEntitlements": false, "promoteAttributes": "false", "refreshManagerStatus": false, "provision": 0, "synchronizeAttributes": true}"#;
        let effects = effects_of(all, false).expect("exactly as asked");
        assert_eq!(effects, Effects { synchronize: true, ..Effects::default() });
        for provision in ["", r#", "provision": 0, "Provision": true"#] {
            let some = all.replace(r#", "provision": 0"#, provision);
            assert!(effects_of(&some, false).is_err(), "{some}");
        }
    }
}
