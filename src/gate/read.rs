//! A request to facts: everything that is read before any state is asked.

use std::sync::Arc;

use super::proof::ALTCHA;
use super::{Endpoint, Gate, Revision};
use crate::domain::{Client, Facts, PhoneFact, Timestamp, Unreadable};
use crate::extract::{self, Document, MatchKey, Request};
use crate::sessions::Alias;

impl Gate {
    /// What a request at `endpoint` says, and the solved challenge that it brings in its body.
    pub(super) fn read(
        &self,
        revision: &Revision,
        endpoint: &Endpoint,
        request: &Request<'_>,
        now: Timestamp,
    ) -> (Facts, Option<String>) {
        let document = document(endpoint.needs_body(request.headers), request);
        let payload = document.as_ref().ok().and_then(|document| document.text(ALTCHA)).map(str::to_owned);
        (self.read_document(revision, endpoint, request, &document, now), payload)
    }

    /// As [`Gate::read`], for a document that was read already.
    fn read_document(
        &self,
        revision: &Revision,
        endpoint: &Endpoint,
        request: &Request<'_>,
        document: &Result<Document<'_>, Unreadable>,
        now: Timestamp,
    ) -> Facts {
        let phone = match document {
            Ok(document) => self.phone(revision, endpoint, request, document),
            Err(unreadable) => PhoneFact::Unreadable(unreadable.clone()),
        };
        let client = self.client(revision, endpoint, request);
        let place = self.geo.place(client.address.ip);
        Facts { at: now, endpoint: Arc::clone(&endpoint.name), phone, client, place }
    }

    fn phone(
        &self,
        revision: &Revision,
        endpoint: &Endpoint,
        request: &Request<'_>,
        document: &Document<'_>,
    ) -> PhoneFact {
        match extract::phone(&endpoint.extract, request, document, &revision.numbering) {
            Ok(Some(number)) => {
                let phone = number.named(&self.names);
                self.lists.recognise(number.raw, phone.id);
                PhoneFact::Present(phone)
            }
            Ok(None) => PhoneFact::Absent,
            Err(unreadable) => PhoneFact::Unreadable(unreadable),
        }
    }

    pub(super) fn client(&self, revision: &Revision, endpoint: &Endpoint, request: &Request<'_>) -> Client {
        let ip = extract::client_address(&revision.trusted, request.peer, request.headers);
        // Whoever may say where a client is may say how it speaks TLS; from anyone else it is a claim.
        let ja4 = revision.ja4.as_ref().filter(|_| revision.trusted.contains(request.peer));
        let ja4 = ja4.and_then(|name| request.headers.get(name)?.to_str().ok());
        let (visit, visit_id) = self.visits.as_ref().map(|visits| visits.read(request.headers)).unwrap_or_default();
        Client {
            address: extract::address(ip, &self.names),
            id: extract::client_id(&endpoint.extract, request.headers, visit_id.as_ref(), &self.names),
            visit,
            fingerprint: extract::fingerprint(request.headers, ja4),
        }
    }

    /// What a try of a code says, and the names under which it may find its session.
    pub(super) fn read_try(
        &self,
        revision: &Revision,
        endpoint: &Endpoint,
        request: &Request<'_>,
    ) -> (Facts, Vec<Alias>) {
        let document = document(endpoint.needs_body_of_try(request.headers), request);
        let facts = self.read_document(revision, endpoint, request, &document, self.clock.now());
        let aliases = self.aliases_of_try(endpoint, &facts, request, &document);
        let phone = match document.as_ref().ok().and_then(Document::several_codes) {
            Some(unreadable) => PhoneFact::Unreadable(unreadable),
            None => self.phone_of_try(&facts, &aliases),
        };
        let facts = Facts { phone, ..facts };
        (facts, aliases)
    }

    /// The names under which a try may find its session, in the endpoint's order.
    fn aliases_of_try(
        &self,
        endpoint: &Endpoint,
        facts: &Facts,
        request: &Request<'_>,
        document: &Result<Document<'_>, Unreadable>,
    ) -> Vec<Alias> {
        let name = &endpoint.name;
        let alias = |key: &MatchKey| match key {
            MatchKey::Phone => facts.phone().map(|phone| Alias::phone(name, phone.id)),
            MatchKey::Client => facts.client.id.as_ref().map(|client| Alias::client(name, client.id)),
            MatchKey::Response(pointer) => {
                let value = extract::brought_back(document.as_ref().ok()?, request.headers, pointer)?;
                Some(Alias::exchange(name, self.names.exchange_id(&value)))
            }
        };
        endpoint.match_by.iter().filter_map(alias).collect()
    }

    /// The phone that a try is for: the one it names or, where it names none, that of the session it belongs to.
    /// So wrong tries count by phone even where only a cookie says whose code it is.
    fn phone_of_try(&self, facts: &Facts, aliases: &[Alias]) -> PhoneFact {
        if facts.phone != PhoneFact::Absent {
            return facts.phone.clone();
        }
        let of_session = aliases.iter().find_map(|alias| self.sessions.phone_of(alias, facts.at));
        of_session.map_or(PhoneFact::Absent, PhoneFact::Present)
    }
}

/// What a request says; without its body where nothing is looked for there, so that a body of a strange type is none
/// of our business.
fn document<'a>(with_body: bool, request: &Request<'a>) -> Result<Document<'a>, Unreadable> {
    if with_body { Document::read(request) } else { Document::without_body(request) }
}
