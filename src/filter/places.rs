//! Where an identity document of search keeps what a filter calls by an attribute's name.
//!
//! | the filter's name | in the document |
//! | --- | --- |
//! | `uid` | `attributes.uid` |
//! | `id`, `name`, `inactive`, `protected`, `isManager`, `manager`, `identityProfile`, `source`, `created`, `modified`, `accessCount` | the member of that name; `name` is the user name, `alias` elsewhere |
//! | `displayName`, `firstName`, `lastName`, `email`, `phone`, `status`, `employeeNumber` | the member of that name and `attributes.…`: where both have a value, they must agree |
//! | `firstname`, `lastname` | `attributes.…`, and `firstName`, `lastName` |
//! | `manager.…`, `identityProfile.…`, `source.…` | the member of that object |
//! | `attributes.x`, and any other `x` without a dot | `attributes.x` |
//! | `correlated`, and any other name with a dot | nowhere: the service alone knows |

/// A place in an identity document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// A member of the document.
    Top(&'a str),
    /// A member of its `attributes`.
    Attribute(&'a str),
    /// A member of one of its objects.
    Member(&'a str, &'a str),
}

/// The places that hold an attribute: none if no document has it.
pub(super) fn of(attribute: &str) -> Vec<Place<'_>> {
    if let Some((object, member)) = attribute.split_once('.') {
        return match object {
            _ if member.contains('.') => Vec::new(),
            "attributes" => vec![Place::Attribute(member)],
            "manager" | "identityProfile" | "source" => vec![Place::Member(object, member)],
            _ => Vec::new(),
        };
    }
    match attribute {
        "id" | "name" | "inactive" | "protected" | "isManager" | "manager" | "identityProfile" | "source"
        | "created" | "modified" | "accessCount" => vec![Place::Top(attribute)],
        "displayName" | "firstName" | "lastName" | "email" | "phone" | "status" | "employeeNumber" => {
            vec![Place::Top(attribute), Place::Attribute(attribute)]
        }
        // A property of the identity that search does not show; not an attribute that nobody has.
        "correlated" => Vec::new(),
        "firstname" => vec![Place::Attribute(attribute), Place::Top("firstName")],
        "lastname" => vec![Place::Attribute(attribute), Place::Top("lastName")],
        _ => vec![Place::Attribute(attribute)],
    }
}

/// Whether search has an object under this name.
pub(super) fn is_object(attribute: &str) -> bool {
    matches!(attribute, "manager" | "identityProfile" | "source")
}

impl Place<'_> {
    /// The field's name in a search query.
    pub(super) fn field(self) -> String {
        match self {
            Self::Top(name) => name.to_owned(),
            Self::Attribute(name) => ["attributes.", name].concat(),
            Self::Member(object, member) => [object, ".", member].concat(),
        }
    }
}
