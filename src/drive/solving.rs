//! What a client of the trace does where it is asked to prove something.

use http::StatusCode;
use serde_json::Value;

use super::connection::{Answer, Connection, Failed};
use super::request::Names;
use crate::challenge::altcha_v2::Challenge;
use crate::challenge::solve;
use crate::domain::ChallengeKind;
use crate::tasks::Tasks;
use crate::trace::Event;

/// Sends a line, and solves what it is asked to if its client would. Gives the last answer, and whether something was
/// solved for it.
pub(super) async fn ask(
    connection: &mut Connection,
    names: &Names,
    event: &Event<'_>,
    tasks: &Tasks,
) -> (Result<Answer, Failed>, bool) {
    let first = match names.request(event, None) {
        Ok(request) => connection.exchange(request).await,
        Err(problem) => Err(problem),
    };
    let Some(challenge) = first.as_ref().ok().and_then(|answer| to_solve(event, answer)) else { return (first, false) };
    // The work takes a core; the other connections go on meanwhile.
    let Some(Some(payload)) = tasks.run_blocking(move || solve(&challenge)).await else { return (first, false) };
    match again(connection, names, event, &payload).await {
        Ok(Some(answer)) => (Ok(answer), true),
        Ok(None) => (first, false),
        Err(problem) => (Err(problem), false),
    }
}

/// The proof of work that is asked for, where the client of the line would solve it.
fn to_solve(event: &Event<'_>, answer: &Answer) -> Option<Challenge> {
    let Event::Send(send) = event else { return None };
    if answer.status != StatusCode::PRECONDITION_REQUIRED || !send.outcome.solves.contains(&ChallengeKind::Pow) {
        return None;
    }
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    serde_json::from_value(body.pointer("/challenge/altcha")?.clone()).ok()
}

/// Takes the solution to the proxy, and sends the line with the pass; `None` where there is none.
async fn again(
    connection: &mut Connection,
    names: &Names,
    event: &Event<'_>,
    payload: &str,
) -> Result<Option<Answer>, Failed> {
    let solved = connection.exchange(names.solution(event, payload)?).await?;
    let told: Value = serde_json::from_slice(&solved.body).unwrap_or_default();
    let Some(pass) = told.pointer("/pass").and_then(Value::as_str) else { return Ok(None) };
    connection.exchange(names.request(event, Some(pass))?).await.map(Some)
}
