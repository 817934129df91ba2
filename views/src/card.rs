//! Messages of more than words whose content is not ours, each as a card that names what it is and leads to it. The
//! page loads nothing of other origins, so a photo is named here and opens elsewhere. What is ours: [`crate::media`].

use std::borrow::Cow;

use maud::{Markup, html};

use crate::avatar::avatar;
use crate::call;
use crate::icon::{Icon, icon};
use crate::language::{key, tr, tr_with};
use crate::media::Media;
use crate::phrase::{Phrase, say, say_count};
use crate::text::{excerpt, is_web};

/// Bars of a waveform; more are finer than a phone shows.
const BARS_MAX: usize = 48;
/// Of each, numbers and addresses of one person; more make no card.
const WAYS_MAX: usize = 5;
/// Longer endings of a file's name are no type.
const ENDING_CHARACTERS_MAX: usize = 5;

/// What a message holds besides its words, as far as a card shows it. Whatever its kind has no use for is None.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    pub url: Option<String>,
    pub name: Option<String>,
    /// As in `image/jpeg`.
    pub media_type: Option<String>,
    /// Bytes.
    pub size: Option<f64>,
    /// Pixels.
    pub width: Option<f64>,
    pub height: Option<f64>,
    pub duration_ms: Option<f64>,
    /// How loud it is, from 0 to 100, from beginning to end.
    pub waveform: Vec<f64>,
    pub alt: Option<String>,
    /// Of each picture of an album, in their order; empty for none.
    pub alts: Vec<String>,
    /// Where a sticker of the built-in pack is drawn, on this server.
    pub drawing: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub address: Option<String>,
    pub user_id: Option<String>,
    pub phones: Vec<String>,
    pub emails: Vec<String>,
    pub organization: Option<String>,
    /// Of a call: audio or video, and how it ended.
    pub call_media: Option<String>,
    pub outcome: Option<String>,
}

/// Whether a message of this kind is more than words, which stand below what it is.
pub fn is_card(kind: &str) -> bool {
    label(kind).is_some()
}

/// What a message says in one line: for quotes, the list, notifications. Its words, or what it is instead.
pub fn summary<'a>(
    kind: &str,
    body: Option<&'a str>,
    data: Option<&Data>,
    media: &[Media],
) -> Cow<'a, str> {
    let body = body.unwrap_or_default();
    match kind {
        "system" => Cow::Borrowed(body),
        _ if !is_card(kind) => excerpt(body),
        _ if body.is_empty() => Cow::Owned(words(kind, data, media).text().into_owned()),
        _ => Cow::Owned(tr_with(
            "{what}: {words}",
            &[
                ("what", &words(kind, data, media).text()),
                ("words", &excerpt(body)),
            ],
        )),
    }
}

/// What it is: "Photo", "3 photos", "File: notes.pdf", "Voice message, 0:12".
pub(crate) fn words(kind: &str, data: Option<&Data>, media: &[Media]) -> Phrase {
    let label = say(label(kind).unwrap_or(key("Message")));
    let own_name = data.and_then(|data| text_of(data.name.as_deref()));
    let name = own_name.or(media.first().and_then(|medium| text_of(Some(&medium.name))));
    let length = || length_of(data, media).and_then(duration);
    let named = |text: &'static str| {
        name.map_or_else(|| label.clone(), |name| say(text).with("name", name))
    };
    match (kind, media.len()) {
        ("call", _) => call::words(data),
        ("image", 2..) => say_count("{n} photo", "{n} photos", count_of(media)),
        ("file", 2..) => say_count("{n} file", "{n} files", count_of(media)),
        ("file", _) => named(key("File: {name}")),
        ("contact", _) => named(key("Contact: {name}")),
        ("audio", _) => named(key("Audio: {name}")),
        ("voice", _) => match length() {
            Some(length) => say("Voice message, {length}").with("length", length),
            None => label,
        },
        _ => label,
    }
}

fn count_of(media: &[Media]) -> i64 {
    i64::try_from(media.len()).unwrap_or(i64::MAX)
}

/// What was measured counts for more than what its sender says.
fn length_of(data: Option<&Data>, media: &[Media]) -> Option<f64> {
    let measured = media.first().and_then(|medium| medium.duration_ms);
    measured.or(data.and_then(|data| data.duration_ms))
}

fn label(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "image" => key("Photo"),
        "gif" => key("GIF"),
        "video" => key("Video"),
        "audio" => key("Audio"),
        "voice" => key("Voice message"),
        "file" => key("File"),
        "location" => key("Location"),
        "contact" => key("Contact"),
        "sticker" => key("Sticker"),
        "call" => key("Call"),
        _ => return None,
    })
}

/// The card of a message of that id; of data that cannot be read only what it would have been.
pub(crate) fn card(id: &str, kind: &str, data: Option<&Data>) -> Markup {
    let nothing = Data::default();
    let known = data.unwrap_or(&nothing);
    let spoken = spoken(kind, known, &[]);
    html! {
        div.card data-words=(spoken.text()) data-say-words=[spoken.key()] data-say-values=[spoken.values()] data-say-n=[spoken.n()] {
            @match kind {
                "voice" => (voice(known)),
                "location" => (location(known)),
                "contact" => (contact(id, known)),
                "call" => (call::card(known)),
                "sticker" => (row(picture(Icon::Emoji), web_link(known), &sticker_name(known), &[Some(say("Sticker"))], None)),
                _ => (file(kind, known)),
            }
        }
    }
}

/// For the ear, in the order in which it matters.
pub(crate) fn spoken(kind: &str, data: &Data, media: &[Media]) -> Phrase {
    let about = match kind {
        "audio" | "video" => length_of(Some(data), media).and_then(duration),
        "location" => text_of(data.name.as_deref())
            .or(text_of(data.address.as_deref()))
            .map(str::to_owned),
        "image" | "gif" | "sticker" => text_of(data.alt.as_deref()).map(str::to_owned),
        _ => None,
    };
    let words = words(kind, Some(data), media);
    let Some(about) = about else {
        return words;
    };
    let with_about = match kind {
        "audio" if words.has_values() => key("Audio: {name}, {about}"),
        "audio" => key("Audio, {about}"),
        "video" => key("Video, {about}"),
        "location" => key("Location, {about}"),
        "gif" => key("GIF, {about}"),
        "sticker" => key("Sticker, {about}"),
        _ if words.n().is_some() => {
            return words
                .instead_count("{n} photo, {about}", "{n} photos, {about}")
                .with("about", about);
        }
        _ => key("Photo, {about}"),
    };
    words.instead(with_about).with("about", about)
}

fn file(kind: &str, data: &Data) -> Markup {
    let drawing = match kind {
        "image" | "gif" => Icon::Photo,
        "video" => Icon::Video,
        "audio" => Icon::Music,
        _ => Icon::File,
    };
    let label = label(kind).unwrap_or(key("File"));
    let title = match kind {
        "image" | "gif" => text_of(data.alt.as_deref()).or(text_of(data.name.as_deref())),
        _ => text_of(data.name.as_deref()),
    };
    let size = match (data.width, data.height) {
        (Some(width), Some(height)) if width >= 1.0 && height >= 1.0 => {
            Some(format!("{width:.0} × {height:.0}"))
        }
        _ => None,
    };
    let own = |text: Option<String>| text.map(Phrase::own);
    let parts = [
        title.filter(|_| kind != "file").map(|_| say(label)),
        own(size),
        own(file_type(data.name.as_deref(), data.media_type.as_deref())),
        own(data.duration_ms.and_then(duration)),
        data.size.and_then(bytes),
    ];
    let title = title.map_or_else(|| say(label), Phrase::own);
    row(picture(drawing), web_link(data), &title, &parts, None)
}

fn voice(data: &Data) -> Markup {
    let bars = (!data.waveform.is_empty()).then(|| waveform("card__bars", &data.waveform));
    let length = data.duration_ms.and_then(duration).map(Phrase::own);
    row(
        picture(Icon::Play),
        web_link(data),
        &say("Voice message"),
        &[length],
        bars,
    )
}

fn location(data: &Data) -> Markup {
    let place = match (data.latitude, data.longitude) {
        (Some(latitude), Some(longitude))
            if (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude) =>
        {
            Some((latitude, longitude))
        }
        _ => None,
    };
    let link = place.map(|(latitude, longitude)| {
        format!(
            "https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=16/{latitude}/{longitude}"
        )
    });
    let parts = [
        text_of(data.address.as_deref()).map(Phrase::own),
        place.map(|(latitude, longitude)| Phrase::own(format!("{latitude:.5}, {longitude:.5}"))),
    ];
    let title = text_of(data.name.as_deref()).map_or_else(|| say("Location"), Phrase::own);
    row(picture(Icon::Place), link.as_deref(), &title, &parts, None)
}

fn contact(id: &str, data: &Data) -> Markup {
    let own_name = text_of(data.name.as_deref());
    let name = own_name.map_or_else(|| say("Contact"), Phrase::own);
    let user_id = data.user_id.as_deref().filter(|id| is_id(id));
    let detail = text_of(data.organization.as_deref()).map_or_else(|| say("Contact"), Phrase::own);
    let detail = [Some(detail)];
    let phones: Vec<_> = data.phones.iter().filter(|phone| is_phone(phone)).collect();
    let emails: Vec<_> = data.emails.iter().filter(|email| is_email(email)).collect();
    // Its letters are the same for all who read it.
    let letters = own_name.unwrap_or("Contact");
    html! {
        @if let Some(id) = user_id {
            a.card__row href={ "/u/" (id) } tabindex="-1" { (avatar(id, letters, None)) (card_text(&name, &detail, None)) }
        } @else {
            (row(avatar("", letters, None), web_link(data), &name, &detail, None))
        }
        @if data.name.is_some() || user_id.is_some() {
            div.card__ways {
                @for phone in phones.iter().take(WAYS_MAX) {
                    a.card__way href={ "tel:" (phone.replace(' ', "")) } tabindex="-1" dir="ltr" { (phone) }
                }
                @for email in emails.iter().take(WAYS_MAX) {
                    a.card__way href={ "mailto:" (email) } tabindex="-1" dir="ltr" { (email) }
                }
                a.card__way.card__save href={ "/api/messages/" (id) "/vcard" } download tabindex="-1" data-say="Save contact" { (tr("Save contact")) }
            }
        }
    }
}

fn row(
    picture: Markup,
    link: Option<&str>,
    title: &Phrase,
    detail: &[Option<Phrase>],
    bars: Option<Markup>,
) -> Markup {
    let inside = html! { (picture) (card_text(title, detail, bars)) };
    html! {
        @if let Some(link) = link {
            a.card__row href=(link) rel="noopener noreferrer nofollow ugc" target="_blank" tabindex="-1" { (inside) }
        } @else {
            div.card__row { (inside) }
        }
    }
}

/// A row that leads nowhere, with words of its own.
pub(crate) fn card_row_of(picture: Markup, words: Markup) -> Markup {
    html! { div.card__row { (picture) span.card__text { (words) } } }
}

fn card_text(title: &Phrase, detail: &[Option<Phrase>], bars: Option<Markup>) -> Markup {
    let detail: Vec<_> = detail.iter().flatten().collect();
    html! {
        span.card__text {
            @if let Some(bars) = bars {
                span.visually-hidden data-say=[title.key()] { (title.text()) }
                (bars)
            } @else {
                b.card__title dir="auto" data-say=[title.key()] { (title.text()) }
            }
            @if let [only] = detail.as_slice() {
                span.card__detail dir="auto" data-say=[only.key()] data-say-values=[only.values()] data-say-n=[only.n()] { (only.text()) }
            } @else if !detail.is_empty() {
                span.card__detail dir="auto" { (parted(&detail)) }
            }
        }
    }
}

/// Several beside each other, each marked by itself.
pub(crate) fn parted(parts: &[&Phrase]) -> Markup {
    html! {
        @for (place, part) in parts.iter().enumerate() {
            @if place > 0 { " · " }
            @if part.key().is_some() {
                span data-say=[part.key()] data-say-values=[part.values()] data-say-n=[part.n()] { (part.text()) }
            } @else {
                (part.text())
            }
        }
    }
}

pub(crate) fn picture(drawing: Icon) -> Markup {
    html! { span.card__icon { (icon(drawing)) } }
}

/// One bar for each part of it, as high as the loudest of the part.
pub(crate) fn waveform(class: &str, levels: &[f64]) -> Markup {
    let count = levels.len().min(BARS_MAX);
    let bars = (0..count).map(|bar| {
        let part = &levels[bar * levels.len() / count..(bar + 1) * levels.len() / count];
        let loudest = part.iter().copied().fold(0.0, f64::max).clamp(0.0, 100.0);
        let half = 1.0 + loudest / 10.0;
        format!("M{} {:.1}v{:.1}", bar * 4 + 2, 12.0 - half, 2.0 * half)
    });
    let path: String = bars.collect();
    html! {
        svg class=(class) viewBox={ "0 0 " (count * 4) " 24" } preserveAspectRatio="none" aria-hidden="true" focusable="false" { path d=(path); }
    }
}

fn sticker_name(data: &Data) -> Phrase {
    text_of(data.alt.as_deref())
        .or(text_of(data.name.as_deref()))
        .map_or_else(|| say("Sticker"), Phrase::own)
}

fn web_link(data: &Data) -> Option<&str> {
    data.url.as_deref().filter(|url| is_web(url))
}

/// What can be read of it.
pub(crate) fn text_of(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn is_phone(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text
            .chars()
            .all(|letter| letter.is_ascii_digit() || " +-().#*/".contains(letter))
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !text.contains(['?', '&', '%', ' ', ':', '/'])
    })
}

pub(crate) fn joined<const N: usize>(parts: [Option<String>; N]) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" · ")
}

/// As people call it: by the ending of the name, or the second half of the type.
pub(crate) fn file_type(name: Option<&str>, media_type: Option<&str>) -> Option<String> {
    let of_name = name
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, ending)| ending);
    let of_type = media_type
        .and_then(|name| name.split_once('/'))
        .map(|(_, second)| second);
    [of_name, of_type]
        .into_iter()
        .flatten()
        .find(|ending| {
            (1..=ENDING_CHARACTERS_MAX).contains(&ending.len())
                && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        .map(str::to_ascii_uppercase)
}

/// "2.4 MB".
pub(crate) fn bytes(size: f64) -> Option<Phrase> {
    if !size.is_finite() || size < 0.0 {
        return None;
    }
    if size < 999.5 {
        // It was checked to be small.
        return Some(say_count("{n} byte", "{n} bytes", size.round() as i64));
    }
    let mut size = size / 1000.0;
    for unit in [key("{n} kB"), key("{n} MB")] {
        if size < 999.5 {
            let digits = usize::from(size < 9.95);
            return Some(say(unit).with("n", format!("{size:.digits$}")));
        }
        size /= 1000.0;
    }
    Some(say("{n} GB").with("n", format!("{size:.1}")))
}

/// "1:02:03".
pub(crate) fn duration(ms: f64) -> Option<String> {
    if !ms.is_finite() || !(0.0..=1e12).contains(&ms) {
        return None;
    }
    // It was checked to be small.
    let seconds = (ms / 1000.0).round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [&str; 9] = [
        "image", "gif", "video", "audio", "voice", "file", "location", "contact", "sticker",
    ];

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_file_is_named_with_its_type_and_size_and_opens_in_a_place_of_its_own() {
        let data = Data {
            url: some("https://example.com/n.pdf"),
            name: some("notes.pdf"),
            size: Some(2_412_000.0),
            ..Data::default()
        };
        let html = card("0199-m", "file", Some(&data)).into_string();
        assert!(html.contains(r#"data-words="File: notes.pdf""#), "{html}");
        assert!(html.contains(r#"href="https://example.com/n.pdf" rel="noopener"#));
        assert!(html.contains(">notes.pdf</b>") && html.contains(r#">PDF · <span data-say="{n} MB" data-say-values="{&quot;n&quot;:&quot;2.4&quot;}">2.4 MB<"#));
        let html = card("0199-m", "image", Some(&data)).into_string();
        assert!(
            html.contains(
                r#"><span data-say="Photo">Photo</span> · PDF · <span data-say="{n} MB""#
            ),
            "{html}"
        );
    }

    #[test]
    fn data_that_cannot_be_read_leaves_the_words_of_the_kind() {
        for kind in KINDS {
            let label = label(kind).unwrap();
            let html = card("0199-m", kind, None).into_string();
            assert!(html.contains(&format!("{label}<")), "{html}");
            assert!(!html.contains("href"), "{html}");
            assert_eq!(summary(kind, None, None, &[]), label);
        }
        assert_eq!(summary("poll", Some("**Who?**"), None, &[]), "Who?");
        assert_eq!(summary("image", Some("_Look_"), None, &[]), "Photo: Look");
        assert_eq!(
            summary("system", Some("_a_ joined"), None, &[]),
            "_a_ joined"
        );
    }

    #[test]
    fn no_address_but_of_the_web_and_nothing_hostile_comes_through() {
        let hostile = r#""><script>alert(1)</script>"#;
        for url in ["javascript:alert(1)", "data:text/html,x", "//a", hostile] {
            let data = Data {
                url: some(url),
                name: some(hostile),
                media_type: some(hostile),
                alt: some(hostile),
                address: some(hostile),
                user_id: some(hostile),
                organization: some(hostile),
                phones: vec![hostile.to_owned()],
                emails: vec![hostile.to_owned(), format!("a@{hostile}")],
                size: Some(f64::NAN),
                width: Some(-1.0),
                duration_ms: Some(f64::INFINITY),
                latitude: Some(1e300),
                longitude: Some(f64::NEG_INFINITY),
                waveform: vec![f64::NAN, -5.0, 1e300],
                ..Data::default()
            };
            for kind in KINDS {
                let html = card("0199-m", kind, Some(&data)).into_string();
                // But for the one that is ours.
                let others = html.replace(r#"href="/api/messages/0199-m/vcard""#, "");
                assert!(!others.contains("href"), "{html}");
                assert!(
                    !html.contains("<script") && !html.contains("javascript:"),
                    "{html}"
                );
            }
        }
    }

    #[test]
    fn a_place_leads_to_a_map_and_a_person_to_their_chat() {
        let data = Data {
            name: some("Ada"),
            latitude: Some(51.5),
            longitude: Some(-0.1),
            user_id: some("0199-a"),
            phones: vec!["+44 20 1".to_owned()],
            emails: vec!["ada@example.com".to_owned()],
            ..Data::default()
        };
        let html = card("0199-m", "location", Some(&data)).into_string();
        assert!(
            html.contains("?mlat=51.5&amp;mlon=-0.1#map=16/51.5/-0.1"),
            "{html}"
        );
        assert!(html.contains(">51.50000, -0.10000<"));
        let html = card("0199-m", "contact", Some(&data)).into_string();
        for part in [
            r#"href="/u/0199-a""#,
            r#"href="tel:+44201""#,
            r#"href="mailto:ada@example.com""#,
            r#"href="/api/messages/0199-m/vcard" download"#,
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }

    #[test]
    fn sizes_lengths_and_loudness_are_as_people_read_them() {
        for (size, expected) in [
            (0.0, "0 bytes"),
            (999.0, "999 bytes"),
            (1000.0, "1.0 kB"),
            (12_340.0, "12 kB"),
            (999_900.0, "1.0 MB"),
            (5e9, "5.0 GB"),
        ] {
            assert_eq!(bytes(size).unwrap().text(), expected);
        }
        for (ms, expected) in [(0.0, "0:00"), (61_400.0, "1:01"), (3_723_000.0, "1:02:03")] {
            assert_eq!(duration(ms).as_deref(), Some(expected));
        }
        let html = waveform("bars", &[0.0, 100.0]).into_string();
        assert!(html.contains(r#"viewBox="0 0 8 24""#) && html.contains("M2 11.0v2.0M6 1.0v22.0"));
        assert_eq!(
            waveform("bars", &[50.0; 256])
                .into_string()
                .matches('M')
                .count(),
            BARS_MAX
        );
    }
}
