//! What can be found, as documents of the index. A new source of documents is added here: people and groups in
//! [`of_actor`], everything that hangs on a post in [`of_posts`]; and a trigger that notes its changes in a migration.

use std::collections::{BTreeSet, HashMap};

use crate::base::*;
use crate::domain::search::{EVERYONE, FoundKind, MEMBERS, known_by};
use crate::i18n::{self, Locale};
use crate::store::search::{ActorText, Indexed, PartText, PostText, WikiText};
use crate::store::{self, Conn};
use crate::text;
use kring_index::Document;

/// The longest text of a file that is indexed, in characters.
const FILE_CHARS: usize = 200_000;

/// A key, and everything that is found under it: taken out and put in as one.
pub type Keyed = (String, Vec<Document>);

/// The key of a row.
pub fn key(of: Indexed, id: i64) -> String {
    match of {
        Indexed::Actors => format!("a{id}"),
        Indexed::Posts => format!("p{id}"),
        Indexed::Wiki => format!("w{id}"),
    }
}

/// The documents of rows; a row that may not be found (any more) has none.
pub async fn load(conn: &mut Conn, of: Indexed, ids: &[i64]) -> Result<Vec<Keyed>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut documents: HashMap<i64, Vec<Document>> = match of {
        Indexed::Actors => of_actors(conn, ids).await?,
        Indexed::Posts => of_posts(conn, ids).await?,
        Indexed::Wiki => of_wiki(conn, ids).await?,
    };
    Ok(ids.iter().map(|id| (key(of, *id), documents.remove(id).unwrap_or_default())).collect())
}

async fn of_actors(conn: &mut Conn, ids: &[i64]) -> Result<HashMap<i64, Vec<Document>>> {
    let actors = store::search::actors(conn, ids).await?;
    Ok(actors.into_iter().map(|actor| (actor.id, of_actor(&actor))).collect())
}

/// One document per field of a person with an audience of its own; what every member may read is one.
fn of_actor(actor: &ActorText) -> Vec<Document> {
    let plain = text::plain_of_stored(&actor.summary_html);
    let is_group = actor.kind == "group";
    let open = actor.group_kind.as_deref() == Some("public") && !actor.hidden;
    let audiences = match (is_group, open, actor.hidden) {
        (true, true, _) => vec![EVERYONE],
        (true, false, true) => vec![known_by(actor.id)],
        _ => vec![MEMBERS, known_by(actor.id)],
    };
    let (kind, head, more) = if is_group {
        (FoundKind::Group, format!("{} {}", actor.display_name, actor.name), actor.topics.clone())
    } else {
        let head = format!("{} {} {}", actor.display_name, actor.name, actor.job_title);
        (FoundKind::Person, head, format!("{}\n{}", actor.branch, languages(&actor.languages)))
    };
    vec![Document {
        kind,
        id: actor.id,
        field: 0,
        audiences,
        author: actor.id,
        host: actor.host_id,
        group: 0,
        at: actor.created_at,
        language: None,
        head,
        body: format!("{plain}\n{more}"),
    }]
}

/// Languages by their names in every language of the interface: `uk` is found by "Oekraïens" and by "Ukrainian".
pub(super) fn languages(stored: &str) -> String {
    let mut names = BTreeSet::new();
    for part in stored.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let key = format!("language-{}", part.to_lowercase());
        let known = Locale::all().iter().filter(|locale| i18n::has(**locale, &key));
        let before = names.len();
        names.extend(known.map(|locale| i18n::t(*locale, &key)));
        if names.len() == before {
            names.insert(part.to_owned());
        }
    }
    names.into_iter().collect::<Vec<_>>().join(" ")
}

/// Pages of groups, each as readable as it is. Nobody is their author: they are written together.
async fn of_wiki(conn: &mut Conn, ids: &[i64]) -> Result<HashMap<i64, Vec<Document>>> {
    let document = |page: WikiText| {
        let document = Document {
            kind: FoundKind::Page,
            id: page.id,
            field: 0,
            audiences: vec![page.audience_id],
            author: 0,
            host: HostId::LOCAL.0,
            group: page.group_id,
            at: page.updated_at,
            language: None,
            head: page.title,
            body: text::plain_of_stored(&page.html),
        };
        (page.id, vec![document])
    };
    Ok(store::search::wiki(conn, ids).await?.into_iter().map(document).collect())
}

/// Posts and comments with the options of their votes, and beside them their files: as readable as the post.
async fn of_posts(conn: &mut Conn, ids: &[i64]) -> Result<HashMap<i64, Vec<Document>>> {
    let posts = store::search::posts(conn, ids).await?;
    if posts.is_empty() {
        return Ok(HashMap::new());
    }
    let options = by_post(store::search::options(conn, ids).await?);
    let files = by_post(store::search::files(conn, ids).await?);
    let mut out = HashMap::new();
    for post in posts {
        let of_post = |all: &HashMap<i64, Vec<PartText>>| all.get(&post.id).cloned().unwrap_or_default();
        let mut documents = vec![of_post_itself(&post, &of_post(&options), &of_post(&files))];
        documents.extend(of_post(&files).iter().filter(|file| is_named(file)).map(|file| of_file(&post, file)));
        out.insert(post.id, documents);
    }
    Ok(out)
}

/// A picture is found by its description, with its post; a document by its name as well.
fn is_named(file: &PartText) -> bool {
    let name = file.name.to_lowercase();
    let picture = [".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif"].iter().any(|end| name.ends_with(end));
    !name.is_empty() && !picture
}

fn by_post(parts: Vec<PartText>) -> HashMap<i64, Vec<PartText>> {
    let mut out: HashMap<i64, Vec<PartText>> = HashMap::new();
    for part in parts {
        out.entry(part.post_id).or_default().push(part);
    }
    out
}

fn of_post_itself(post: &PostText, options: &[PartText], files: &[PartText]) -> Document {
    let kind = match post.kind.as_str() {
        "question" => FoundKind::Question,
        "lesson" => FoundKind::Lesson,
        "comment" => FoundKind::Comment,
        _ => FoundKind::Post,
    };
    let mut body = text::plain_of_stored(&post.html);
    let more = options.iter().map(|option| &option.name).chain(files.iter().map(|file| &file.description));
    for more in std::iter::once(&post.warning).chain(more).filter(|more| !more.is_empty()) {
        body.push('\n');
        body.push_str(more);
    }
    Document {
        kind,
        id: post.id,
        field: 0,
        audiences: vec![post.audience_id],
        author: post.author_id,
        host: post.host_id,
        group: post.group_id.unwrap_or(0),
        at: post.published_at,
        language: post.language.clone(),
        head: post.title.clone(),
        body,
    }
}

fn of_file(post: &PostText, file: &PartText) -> Document {
    let text: String = file.body.chars().take(FILE_CHARS).collect();
    Document {
        kind: FoundKind::File,
        id: file.id,
        head: file.name.replace(['_', '.'], " "),
        body: format!("{}\n{text}", file.description),
        ..of_post_itself(post, &[], &[])
    }
}
