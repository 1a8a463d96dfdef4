//! Where a server with an agreement about people asks who here knows about something.

use axum::body::{Body, to_bytes};
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use http::{HeaderMap, Method};

use super::super::people::{read_question, write_people};
use super::super::state::Federation;
use super::super::wire::{self, Doc};
use super::answer::{self, Keep};
use super::inbox::is_activity_type;
use super::viewer::Asked;
use crate::base::*;
use crate::domain::actors::{Actor, ActorKind};
use crate::domain::knowledge::{PeerPerson, PeopleQuestion};
use crate::services::lookups;
use crate::store::federation as rows;

/// Most bytes of a question.
const MOST_BYTES: usize = 8 * 1024;

/// `POST /actor/people`
pub async fn ask(
    State(federation): State<Federation>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if !federation.is_on() {
        return answer::refusal(404);
    }
    if !is_activity_type(&headers) {
        return answer::refusal(415);
    }
    let Ok(body) = to_bytes(body, MOST_BYTES).await else { return answer::refusal(413) };
    let path_and_query = uri.path_and_query().map_or(uri.path(), |p| p.as_str());
    let asked = Asked { method: method.as_str(), path_and_query, headers: &headers, body: &body };
    let signer = match federation.signer(asked).await {
        Ok(signer) => signer,
        Err(refused) => return answer::refusal(refused.status()),
    };
    let Ok(document) = wire::read(&body) else { return answer::refusal(400) };
    let Some((actor, question)) = read_question(Doc(&document)) else { return answer::refusal(400) };
    // Servers ask, not people: what the agreement covers is asked in the organisation's name.
    if actor != signer.actor.uri || signer.actor.kind != ActorKind::Application {
        return answer::refusal(404);
    }
    match federation.answer_people(&signer.actor, &question).await {
        Ok(people) => answer::document(&write_people(&people), Keep::Private),
        Err(error) => answer::error(&error),
    }
}

impl Federation {
    /// The agreement is looked at anew, not as it was when the key was remembered.
    async fn answer_people(&self, asker: &Actor, question: &PeopleQuestion) -> Result<Vec<PeerPerson>> {
        let host = rows::get_host(&mut self.ctx.db.read().await?, asker.host_id).await?;
        lookups::answer(&self.ctx, asker, &host, question).await
    }
}
