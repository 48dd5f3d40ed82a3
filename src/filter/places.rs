//! Where an identity document of search keeps what a filter calls by an attribute's name: the table in
//! [`eval`](super::eval).

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

impl Place<'_> {
    /// The field's name in a search query.
    pub(super) fn field(self) -> String {
        match self {
            Self::Top(name) => name.to_owned(),
            Self::Attribute(name) => format!("attributes.{name}"),
            Self::Member(object, member) => format!("{object}.{member}"),
        }
    }
}
