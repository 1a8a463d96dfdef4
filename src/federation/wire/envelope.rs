use serde_json::Value;

use super::doc::Doc;
use super::ids::{IdRules, same_origin};
use super::kind::Kind;

/// The most bytes of a document, in and out.
pub const MAX_BYTES: usize = 1024 * 1024;
/// The deepest nesting of a document.
pub const MAX_DEPTH: usize = 64;

/// Why a document cannot be used at all. What merely concerns an optional member is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// More than [`MAX_BYTES`].
    #[error("larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// Not a JSON object.
    #[error("not a JSON object")]
    NotAnObject,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// A member that is needed is missing or no use.
    #[error("missing or unusable: {0}")]
    Needed(&'static str),
    /// The id lies on another server than the actor's.
    #[error("id and actor of different origins")]
    Origin,
}

impl WireError {
    /// The HTTP status to answer.
    pub fn status(self) -> u16 {
        match self {
            Self::TooLarge => 413,
            Self::NotAnObject | Self::TooDeep | Self::Needed(_) | Self::Origin => 400,
        }
    }
}

/// Reads a document: size, nesting and that it is a JSON object.
pub fn read(bytes: &[u8]) -> Result<Value, WireError> {
    if bytes.len() > MAX_BYTES {
        return Err(WireError::TooLarge);
    }
    if depth(bytes) > MAX_DEPTH {
        return Err(WireError::TooDeep);
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|_| WireError::NotAnObject)?;
    if value.is_object() { Ok(value) } else { Err(WireError::NotAnObject) }
}

/// How deep the brackets nest, without parsing. Stops counting once it is too deep.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
                if deepest > MAX_DEPTH {
                    return deepest;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// What must be known of an activity before anything else: who does what with what. The rest is read when needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Its id, if it has a usable one; it may have a fragment.
    pub id: Option<String>,
    /// What is done. Types that we do not know are `None`.
    pub kind: Option<Kind>,
    /// The types as written, for the log.
    pub types: String,
    /// Who does it.
    pub actor: String,
    /// The ids of what it is done with: mostly one.
    pub objects: Vec<String>,
    /// The id of its `target`: a collection, another account.
    pub target: Option<String>,
}

impl Envelope {
    /// Reads the envelope of an activity.
    ///
    /// # Errors
    /// `Needed("type")` or `Needed("actor")` without one usable of these; `Origin` if its id lies elsewhere than the actor.
    pub fn read(document: &Value, rules: IdRules) -> Result<Self, WireError> {
        let doc = Doc(document);
        let types = doc.types();
        if types.is_empty() {
            return Err(WireError::Needed("type"));
        }
        let actor = match doc.ids("actor").as_slice() {
            [one] if rules.fetchable(one).is_some() => (*one).to_owned(),
            _ => return Err(WireError::Needed("actor")),
        };
        // An id that is no id is as good as none: such activities are told apart by what they do.
        let id = doc.get("id").and_then(Value::as_str).filter(|id| rules.any(id).is_some());
        if id.is_some_and(|id| !same_origin(id, &actor)) {
            return Err(WireError::Origin);
        }
        let usable = |ids: Vec<&str>| ids.into_iter().filter(|id| rules.any(id).is_some()).map(str::to_owned).collect();
        Ok(Self {
            id: id.map(str::to_owned),
            kind: doc.kind(),
            types: types.join(" "),
            actor,
            objects: usable(doc.ids("object")),
            target: doc.one_id("target").filter(|id| rules.any(id).is_some()).map(str::to_owned),
        })
    }

    /// Under which name its type is kept: as written, where we do not know it.
    pub fn kind_name(&self) -> String {
        self.kind.map_or_else(|| self.types.clone(), |kind| kind.as_str().to_owned())
    }

    /// The id of the first object.
    pub fn object(&self) -> Option<&str> {
        self.objects.first().map(String::as_str)
    }
}
