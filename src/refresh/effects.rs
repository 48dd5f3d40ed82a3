//! Maps a request's arguments to calls of the successor of `/cc`. `identities/process` always does four things, and
//! `synchronize-attributes` a fifth; other arguments have no equivalent.

use crate::error::{Code, Error, Result};
use crate::hint::WayOut;
use crate::request::{Arguments, PRUNE, meant};
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
    differences: Vec<String>,
    /// The effects that the arguments do not mention, as a sentence.
    unmentioned: Option<String>,
}

impl Effects {
    /// What a run has to say. A dry run lists the side effects in its plan.
    pub(crate) fn warnings(&self, is_dry_run: bool) -> Vec<String> {
        let unmentioned = self.unmentioned.iter().filter(|_| !is_dry_run);
        self.differences.iter().chain(unmentioned).cloned().collect()
    }
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

/// Chooses the calls. An argument that they exceed or do not fulfil is an error, or a warning if `allow_broader`. What
/// they do beyond the arguments, unmentioned, is a warning.
pub(crate) fn effects(arguments: Option<&Arguments<'_>>, allow_broader: bool) -> Result<Effects> {
    let given = |name: &str| arguments.and_then(|arguments| arguments.get(name));
    let synchronize = given(SYNCHRONIZE) == Some(true);
    // In this case process has nothing to do, and the rest matches the arguments exactly.
    let process = !(synchronize && PROCESS_EFFECTS.iter().all(|(name, _)| given(name) == Some(false)));
    let mut differences = Vec::new();
    for (name, does) in PROCESS_EFFECTS.iter().filter(|(name, _)| process && given(name) == Some(false)) {
        differences.push(format!("{name} is false, and identities/process always {does}"));
    }
    if given(PRUNE) == Some(true) {
        differences.push(format!("{PRUNE} is set, and only /cc deletes identities"));
    }
    for name in arguments.into_iter().flat_map(Arguments::undocumented) {
        let near = meant(name).map(|near| format!(" (was {near} meant?)")).unwrap_or_default();
        differences.push(format!("{} is not an argument that it supports{near}", printable(name)));
    }
    if !allow_broader && !differences.is_empty() {
        return Err(unsupported(&differences));
    }
    let of_process = || PROCESS_EFFECTS.iter().filter(|_| process);
    let side_effects = of_process().filter(|(name, _)| given(name) != Some(true)).map(|(name, _)| *name).collect();
    let differences = differences.into_iter().map(|difference| format!("{difference}.")).collect();
    let unmentioned: Vec<&str> = of_process().map(|(name, _)| *name).filter(|name| given(name).is_none()).collect();
    let unmentioned = (!unmentioned.is_empty())
        .then(|| format!("identities/process also does what refreshArgs do not mention: {}.", unmentioned.join(", ")));
    Ok(Effects { process, synchronize, side_effects, differences, unmentioned })
}

fn unsupported(differences: &[String]) -> Error {
    let shown = differences[..differences.len().min(SHOWN)].join("; ");
    Error::new(
        Code::UnsupportedArgument,
        format!("The successor of /cc cannot do exactly what refreshArgs ask for: {shown}."),
    )
    .hint(
        "Nothing was sent. Leave these arguments out: what is not mentioned is done, with a warning.\n\
         Where only attributes are to be synchronized: synchronizeAttributes true, and the other four false.",
    )
    .way(WayOut::AllowBroader)
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
        assert_eq!((effects.process, effects.synchronize), (true, false));
        for (text, named) in [
            (r#"{"provision": false}"#, "provision is false"),
            (r#"{"provision": "False"}"#, "provision is false"),
            (r#"{"PROVISION": "\u0066alse"}"#, "provision is false"),
            (r#"{"pruneIdentities": "true"}"#, "pruneIdentities is set"),
            (r#"{"refreshLinks": false}"#, "refreshLinks is not an argument that it supports"),
            (r#"{"Provsion": true}"#, "was provision meant?"),
        ] {
            let error = effects_of(text, false).expect_err(text);
            assert!(error.details().message.contains(named), "{text}: {error}");
            let warnings = effects_of(text, true).expect("allowed").warnings(false);
            assert!(warnings.len() == 2 && warnings[0].contains(named), "{warnings:?}");
        }
    }

    #[test]
    fn what_was_not_mentioned_is_one_warning() {
        let all = r#"{"correlateEntitlements": true, "promoteAttributes": true, "refreshManagerStatus": "True", "provision": true}"#;
        assert_eq!(effects_of(all, false).expect("can be done").warnings(false), Vec::<String>::new());
        let some = effects_of(r#"{"promoteAttributes": true, "pruneIdentities": false, "provision": null}"#, false);
        let some = some.expect("can be done");
        let warnings = some.warnings(false);
        assert_eq!((warnings.len(), some.warnings(true).len()), (1, 0), "{warnings:?}");
        for name in ["correlateEntitlements", "refreshManagerStatus", "provision"] {
            assert!(warnings[0].contains(name), "{warnings:?}");
        }
        assert!(!warnings[0].contains("promoteAttributes"), "{warnings:?}");
        assert_eq!(effects(None, false).expect("can be done").warnings(false).len(), 1);
    }

    #[test]
    fn only_attributes_are_synchronized_if_all_else_is_false() {
        let all = r#"{"correlateEntitlements": false, "promoteAttributes": "false", "refreshManagerStatus": false, "provision": "FALSE", "synchronizeAttributes": true}"#;
        let effects = effects_of(all, false).expect("exactly as asked");
        assert_eq!(effects, Effects { synchronize: true, ..Effects::default() });
        let some = all.replace(r#", "provision": "FALSE""#, "");
        assert!(effects_of(&some, false).is_err(), "{some}");
    }
}
