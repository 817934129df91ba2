//! What an address or a header says.

use super::*;

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfConversation {
    /// The conversation's id.
    conversation: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfMessage {
    /// The message's id.
    message: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfCall {
    /// The call's id.
    call: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfCallAction {
    /// What to do with it; accept is answer, reject is decline.
    #[param(schema_with = call_action)]
    action: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallsPart {
    /// All of this conversation; else one's own.
    conversation_id: Option<Uuid>,
    /// What the page before gave as `next`.
    before: Option<Uuid>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfMedia {
    /// The medium's id.
    media: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FileName {
    /// Of a file whose bytes are the body; `file` when nothing is said.
    #[param(max_length = 255)]
    name: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Download {
    /// To save it, and not to show it.
    download: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GifWords {
    /// A part of what it shows or is called.
    q: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct ContentRange {
    /// First and last byte of this piece, and how many bytes there are in all.
    #[param(rename = "Content-Range", pattern = r"^bytes \d+-\d+/\d+$")]
    content_range: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfUser {
    /// The user's id, or me.
    #[param(pattern = r"^(me|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")]
    user: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfSession {
    /// The session's id, of the list of one's sessions.
    session: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfEmoji {
    #[param(schema_with = emoji)]
    emoji: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfReaction {
    /// What was given; anything else does no harm.
    #[param(min_length = 1)]
    emoji: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfInvite {
    /// The secret in the link.
    #[param(pattern = "^[A-Za-z0-9_-]{22}$")]
    invite: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfState {
    /// `pending` for those who wait to be let in; `active` when left out.
    #[param(schema_with = listed_state)]
    state: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RoomWords {
    /// A part of title or description.
    query: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Limit {
    /// How many at most.
    #[param(schema_with = limit)]
    limit: Option<i32>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AfterId {
    /// What the page before gave as `next`; an empty one counts as none.
    #[param(pattern = r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$")]
    after: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BeforePlace {
    /// What the page before gave as `next`; an empty one counts as none.
    #[param(
        pattern = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$"
    )]
    before: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Named {
    /// A part of a name or username.
    q: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Online {
    /// true: only who is online or away.
    #[param(schema_with = flag)]
    online: Option<bool>,
}

/// Of before, after, around and date one at most.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryPart {
    /// What comes before this `seq`.
    #[param(schema_with = seq)]
    before: Option<i64>,
    /// What comes after this `seq`.
    #[param(schema_with = seq)]
    after: Option<i64>,
    /// What lies around this `seq`, or `unread`: around the first unread one.
    #[param(schema_with = around)]
    around: Option<String>,
    /// What was sent from this day (in UTC) or time on.
    #[param(schema_with = date)]
    date: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchPart {
    /// Words, parts of words and `"phrases"`: all of them; at most 10, of at most 200 characters.
    #[param(schema_with = query)]
    q: Option<String>,
    /// In this conversation alone.
    conversation_id: Option<Uuid>,
    /// Of this sender alone.
    sender_id: Option<Uuid>,
    /// Of this kind alone.
    kind: Option<String>,
    /// Sent on this day (in UTC), at this time, or later.
    #[param(schema_with = date)]
    from: Option<String>,
    /// Sent before this day (in UTC) or time.
    #[param(schema_with = date)]
    until: Option<String>,
    /// What the page before gave as `next`.
    before: Option<Uuid>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Render {
    /// `html` adds each message's fragment as `html`; anything else is passed over.
    #[param(schema_with = html)]
    render: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct For {
    /// For everyone, or for oneself alone.
    #[param(rename = "for", schema_with = whom)]
    whom: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// A cursor of this chat's; another one is answered with `reset`.
    cursor: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct LastEvent {
    /// A cursor; counts before the one in the address.
    #[param(rename = "Last-Event-ID")]
    last_event_id: Option<String>,
}
