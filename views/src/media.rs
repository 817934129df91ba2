//! Pictures, films, sound and files of a message, as they look and lie in it. Whatever is to load later has its space
//! from the beginning, so that nothing moves when it comes.

use maud::{Markup, html};

use crate::card::{
    Data, bytes, duration, file_type, is_id, parted, picture, spoken, text_of, waveform,
};
use crate::icon::{Icon, icon};
use crate::language::{key, tr, tr_with};
use crate::phrase::{Phrase, say};

/// Pixels that a picture takes at most, each way; an album is as wide.
const PICTURE_WIDTH_MAX: f64 = 352.0;
const PICTURE_HEIGHT_MAX: f64 = 400.0;
/// Pixels that it takes at least: what is thinner shows its middle, and the time has room on it.
const PICTURE_WIDTH_MIN: f64 = 128.0;
const PICTURE_HEIGHT_MIN: f64 = 88.0;
/// Moving pictures are smaller: one does not look at them for long.
const GIF_SIDE_MAX: f64 = 280.0;
const STICKER_SIDE_MAX: f64 = 168.0;
/// Of what nobody knows the size: as most films are, and as most photos are.
const FILM_SHAPE: (f64, f64) = (352.0, 198.0);
const PHOTO_SHAPE: (f64, f64) = (352.0, 264.0);

/// A medium of ours, as far as it is shown. Until it was looked into it has no type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Media {
    pub id: String,
    pub name: String,
    /// As in `image/jpeg`, found out by the content.
    pub media_type: Option<String>,
    /// Bytes.
    pub size: Option<f64>,
    /// Pixels.
    pub width: Option<f64>,
    pub height: Option<f64>,
    pub duration_ms: Option<f64>,
    /// An image that moves.
    pub animated: bool,
    pub has_thumbnail: bool,
}

/// The media of a message, or None where a card says what it is.
pub(crate) fn shown(kind: &str, data: Option<&Data>, media: &[Media]) -> Option<Markup> {
    let nothing = Data::default();
    let data = data.unwrap_or(&nothing);
    let form = form(kind, data, media)?;
    let spoken = spoken(kind, data, media);
    Some(html! {
        div class={ "media media--" (form.name()) } data-words=(spoken.text()) data-say-words=[spoken.key()]
            data-say-values=[spoken.values()] data-say-n=[spoken.n()] data-media=(identity(media))
        {
            @match form {
                Form::Sticker => (sticker(data, media)),
                Form::Pictures => (pictures(kind, data, media)),
                Form::Sound => { @for medium in media { (sound(kind, data, medium)) } }
                Form::Files => { @for medium in media { (file(medium)) } }
            }
        }
    })
}

/// What the message looks like with it: `message--pictures`.
pub(crate) fn modifier(kind: &str, data: Option<&Data>, media: &[Media]) -> Option<&'static str> {
    let nothing = Data::default();
    match form(kind, data.unwrap_or(&nothing), media)? {
        Form::Pictures => Some(" message--pictures"),
        Form::Sticker => Some(" message--sticker"),
        Form::Sound | Form::Files => None,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Pictures,
    Sticker,
    Sound,
    Files,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Pictures => "pictures",
            Self::Sticker => "sticker",
            Self::Sound => "sound",
            Self::Files => "files",
        }
    }
}

fn form(kind: &str, data: &Data, media: &[Media]) -> Option<Form> {
    // Their ids become addresses.
    if media.iter().any(|medium| !is_id(&medium.id)) {
        return None;
    }
    match kind {
        "sticker" if data.drawing.is_some() || !media.is_empty() => Some(Form::Sticker),
        _ if media.is_empty() => None,
        "image" | "gif" | "video" => Some(Form::Pictures),
        "audio" | "voice" => Some(Form::Sound),
        "file" => Some(Form::Files),
        _ => None,
    }
}

/// By which the page knows that a newer revision of the message shows the same, and leaves it in peace.
fn identity(media: &[Media]) -> String {
    let one = |medium: &Media| match medium.media_type {
        Some(_) => medium.id.clone(),
        None => format!("{}?", medium.id),
    };
    media.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn address(medium: &Media) -> String {
    format!("/api/media/{}", medium.id)
}

fn thumbnail(medium: &Media) -> Option<String> {
    medium
        .has_thumbnail
        .then(|| format!("{}/thumbnail", address(medium)))
}

fn is_film(medium: &Media) -> bool {
    medium
        .media_type
        .as_deref()
        .is_some_and(|name| name.starts_with("video/"))
}

fn measured(medium: &Media) -> Option<(f64, f64)> {
    let is_length = |length: &f64| length.is_finite() && *length >= 1.0;
    Some((
        medium.width.filter(is_length)?,
        medium.height.filter(is_length)?,
    ))
}

fn pictures(kind: &str, data: &Data, media: &[Media]) -> Markup {
    html! {
        @if let [medium] = media {
            (tile(kind, data, medium, None))
        } @else {
            div.album data-count=(media.len()) {
                @for (at, medium) in media.iter().enumerate() { (tile(kind, data, medium, Some((at, place(at, media))))) }
            }
        }
    }
}

/// How much of an album's row it takes. An album of three has a large one: on top when that lies, else at the side.
fn place(at: usize, media: &[Media]) -> &'static str {
    let stands = media
        .first()
        .and_then(measured)
        .is_some_and(|(width, height)| height > width);
    // So many of the first stand in rows of two; the rest in rows of three.
    let halves = match media.len() {
        3 if stands => return if at == 0 { "side" } else { "beside" },
        3 if at == 0 => return "whole",
        2 if stands => return "tall",
        2..=4 => 4,
        count => [0, 4, 2][count % 3],
    };
    if at < halves { "half" } else { "third" }
}

/// One picture or film, a link to all of it; `place` is which one it is of an album, and where it stands there.
fn tile(kind: &str, data: &Data, medium: &Media, place: Option<(usize, &str)>) -> Markup {
    let (width, height, is_whole) = shape(kind, medium);
    let is_album = place.is_some();
    let class = match place {
        Some((_, place)) => format!("tile tile--{place}"),
        None if is_whole => "tile tile--whole".to_owned(),
        None => "tile".to_owned(),
    };
    let space = html! {
        @if !is_album {
            svg.tile__space viewBox={ "0 0 " (width) " " (height) } width=(width) aria-hidden="true" focusable="false" {}
        }
    };
    let Some(_) = medium.media_type else {
        return html! {
            span class={ (class) " tile--waiting" } {
                (space)
                span.tile__waiting { (icon(if kind == "video" { Icon::Video } else { Icon::Photo })) span.visually-hidden data-say="Not ready yet" { (tr("Not ready yet")) } }
            }
        };
    };
    let is_video = is_film(medium);
    let moves = kind == "gif" || medium.animated;
    let name = alt(kind, data, medium, place.map(|(at, _)| at));
    let length = medium
        .duration_ms
        .or(data.duration_ms.filter(|_| !is_album))
        .and_then(duration);
    let label = match (is_video, kind) {
        (true, "gif") => Some(say("GIF: {name}").with("name", name.text())),
        (true, _) => Some(match &length {
            Some(length) => say("Video: {name}, {length}")
                .with("name", name.text())
                .with("length", length),
            None => say("Video: {name}").with("name", name.text()),
        }),
        _ => None,
    };
    let label = label.as_ref();
    html! {
        a class=(class) href=(address(medium)) tabindex="-1" data-media-id=(medium.id) data-name=(medium.name)
            data-film[is_video] aria-label=[label.map(Phrase::text)] data-say-label=[label.and_then(Phrase::key)]
            data-say-values=[label.and_then(Phrase::values)] data-width=[medium.width] data-height=[medium.height]
        {
            (space)
            @if is_video {
                video.tile__content src=(address(medium)) poster=[thumbnail(medium)] muted playsinline
                    loop[kind == "gif"] preload=(if medium.has_thumbnail { "none" } else { "metadata" })
                    tabindex="-1" aria-hidden="true" disablepictureinpicture {}
            } @else {
                (image(medium, &name, moves))
            }
            @if is_video && kind != "gif" {
                span.tile__play { (icon(Icon::Play)) }
                span.tile__badge data-length { (length.unwrap_or_default()) }
            } @else if moves {
                span.tile__badge { "GIF" }
            }
        }
    }
}

/// What moves plays by itself, unless its reader wants calm and there is something that stands still.
fn image(medium: &Media, alt: &Phrase, moves: bool) -> Markup {
    let still = thumbnail(medium);
    let source = match &still {
        Some(still) if !moves => still.clone(),
        _ => address(medium),
    };
    let img = html! {
        img.tile__content src=(still.filter(|_| moves).unwrap_or(source)) alt=(alt.text()) data-say-alt=[alt.key()]
            width=[medium.width] height=[medium.height] loading="lazy" decoding="async";
    };
    html! {
        @if moves && medium.has_thumbnail {
            picture {
                source media="(prefers-reduced-motion: no-preference)" srcset=(address(medium));
                (img)
            }
        } @else {
            (img)
        }
    }
}

/// What is to be seen, for who does not see it: `at` is which one it is of an album.
fn alt(kind: &str, data: &Data, medium: &Media, at: Option<usize>) -> Phrase {
    let said = match at {
        Some(at) => data.alts.get(at).map(String::as_str),
        None => data.alt.as_deref(),
    };
    let own = text_of(said).or(text_of(Some(&medium.name)));
    let label = || {
        say(match kind {
            "gif" => key("GIF"),
            "video" => key("Video"),
            "sticker" => key("Sticker"),
            _ => key("Photo"),
        })
    };
    own.map_or_else(label, Phrase::own)
}

/// Pixels that it takes on a page with room, and whether all of it is to be seen, smaller than its place.
fn shape(kind: &str, medium: &Media) -> (f64, f64, bool) {
    let (width_max, height_max) = match kind {
        "gif" => (GIF_SIDE_MAX, GIF_SIDE_MAX),
        _ => (PICTURE_WIDTH_MAX, PICTURE_HEIGHT_MAX),
    };
    let Some((width, height)) = measured(medium) else {
        let (width, height) = if kind == "video" {
            FILM_SHAPE
        } else {
            PHOTO_SHAPE
        };
        return (width, height, true);
    };
    let scale = (width_max / width).min(height_max / height).min(1.0);
    let shown = (
        (width * scale).round().max(PICTURE_WIDTH_MIN),
        (height * scale).round().max(PICTURE_HEIGHT_MIN),
    );
    let is_whole = width < shown.0 || height < shown.1;
    (shown.0, shown.1, is_whole && !is_film(medium))
}

fn sticker(data: &Data, media: &[Media]) -> Markup {
    let space = |width: f64, height: f64| {
        html! {
            svg.tile__space viewBox={ "0 0 " (width) " " (height) } width=(width) aria-hidden="true" focusable="false" {}
        }
    };
    let side = STICKER_SIDE_MAX;
    let name = text_of(data.alt.as_deref()).map_or_else(|| say("Sticker"), Phrase::own);
    match (&data.drawing, media.first()) {
        (Some(drawing), _) => html! {
            span.sticker {
                (space(side, side))
                img.tile__content src=(drawing) alt=(name.text()) data-say-alt=[name.key()] width=(side) height=(side) loading="lazy" decoding="async";
            }
        },
        (None, Some(medium)) => {
            let (width, height) = measured(medium).unwrap_or((side, side));
            let scale = (side / width).min(side / height);
            let moves = medium.animated || !medium.has_thumbnail;
            html! {
                span.sticker {
                    (space((width * scale).round().max(1.0), (height * scale).round().max(1.0)))
                    @if medium.media_type.is_some() { (image(medium, &name, moves)) }
                }
            }
        }
        (None, None) => html! {},
    }
}

/// The sound itself is not in the page: the script has one player for all of them.
fn sound(kind: &str, data: &Data, medium: &Media) -> Markup {
    let is_voice = kind == "voice";
    let title = match kind {
        "voice" => say("Voice message"),
        _ => text_of(data.name.as_deref())
            .or(text_of(Some(&medium.name)))
            .map_or_else(|| say("Audio"), Phrase::own),
    };
    if medium.media_type.is_none() {
        return waiting(if is_voice { Icon::Play } else { Icon::Music }, &title);
    }
    // What was measured of the sound counts for more than what its sender says.
    let length_ms = medium
        .duration_ms
        .or(data.duration_ms)
        .filter(|ms| ms.is_finite() && *ms > 0.0);
    let length = length_ms.and_then(duration);
    let seconds = length_ms.map(|ms| (ms / 1000.0).round());
    let name = if is_voice {
        title.clone()
    } else {
        say("Audio: {name}").with("name", title.text())
    };
    let speed = say("Speed {speed}").with("speed", "1×");
    html! {
        div class={ "player player--" (if is_voice { "voice" } else { "audio" }) } role="group" aria-label=(name.text())
            data-say-label=[name.key()] data-say-values=[name.values()]
            data-media-id=(medium.id) data-duration-ms=[length_ms]
        {
            button.player__play type="button" tabindex="-1" aria-label=(tr("Play")) data-say-label="Play" { (icon(Icon::Play)) (icon(Icon::Pause)) }
            div.player__middle {
                @if !is_voice {
                    a.player__title href={ (address(medium)) "?download" } download=(medium.name) tabindex="-1" dir="auto" data-say=[title.key()] { (title.text()) }
                }
                div.player__track role="slider" tabindex="-1" aria-label=(tr("Position")) data-say-label="Position" dir="ltr"
                    aria-valuemin="0" aria-valuemax=(seconds.unwrap_or(0.0)) aria-valuenow="0"
                    aria-valuetext=(match &length {
                        Some(length) => tr_with("{now} of {length}", &[("now", "0:00"), ("length", length)]),
                        None => "0:00".to_owned(),
                    })
                {
                    @if is_voice && !data.waveform.is_empty() { (waveform("player__bars", &data.waveform)) }
                    @else { span.player__line {} }
                }
                div.player__below {
                    span.player__time { (length.unwrap_or_default()) }
                    @if !is_voice {
                        @if let Some(size) = medium.size.and_then(bytes) {
                            span.player__size data-say=[size.key()] data-say-values=[size.values()] data-say-n=[size.n()] { (size.text()) }
                        }
                    }
                    button.player__speed type="button" tabindex="-1" aria-label=(speed.text()) data-say-label=[speed.key()] data-say-values=[speed.values()] { "1×" }
                }
            }
        }
    }
}

fn file(medium: &Media) -> Markup {
    let own_name = text_of(Some(&medium.name));
    let name = own_name.map_or_else(|| say("File"), Phrase::own);
    if medium.media_type.is_none() {
        return waiting(Icon::File, &name);
    }
    let ending = file_type(own_name, medium.media_type.as_deref());
    let (ending_part, size) = (ending.clone().map(Phrase::own), medium.size.and_then(bytes));
    let detail: Vec<&Phrase> = ending_part.iter().chain(&size).collect();
    html! {
        a.file href={ (address(medium)) "?download" } download=(own_name.unwrap_or("File")) tabindex="-1" data-media-id=(medium.id) {
            @if let Some(still) = thumbnail(medium) {
                img.file__icon src=(still) alt="" width="48" height="48" loading="lazy" decoding="async";
            } @else {
                span class={ "file__icon file__icon--" (family(ending.as_deref(), medium.media_type.as_deref())) } {
                    (icon(Icon::File))
                    @if let Some(ending) = &ending { span.file__ending { (ending) } }
                }
            }
            span.card__text {
                b.card__title dir="auto" data-say=[name.key()] { (name.text()) }
                @if !detail.is_empty() { span.card__detail { (parted(&detail)) } }
            }
            span.file__load { (icon(Icon::Download)) }
        }
    }
}

/// What kind of thing a file is, which gives it its colour: by its ending, since packed are most of them, or by its type.
fn family(ending: Option<&str>, media_type: Option<&str>) -> &'static str {
    match ending.unwrap_or_default() {
        "PDF" => return "pdf",
        "ZIP" | "GZ" | "XZ" | "BZ2" | "TAR" | "TGZ" | "7Z" | "RAR" => return "archive",
        "XLS" | "XLSX" | "ODS" | "CSV" | "TSV" => return "sheet",
        "DOC" | "DOCX" | "ODT" | "TXT" | "MD" | "RTF" => return "other",
        _ => {}
    }
    let media_type = media_type.unwrap_or_default();
    match media_type.split('/').next() {
        Some("image" | "video" | "audio") => "media",
        _ if media_type == "application/pdf" => "pdf",
        _ => "other",
    }
}

/// It will be there in a moment; the event that says so brings the message anew.
fn waiting(drawing: Icon, title: &Phrase) -> Markup {
    html! {
        div.card__row.media__waiting {
            (picture(drawing))
            span.card__text {
                b.card__title dir="auto" data-say=[title.key()] { (title.text()) }
                span.card__detail data-say="Being prepared…" { (tr("Being prepared…")) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn photo(width: f64, height: f64) -> Media {
        Media {
            id: "01a1-f0".to_owned(),
            name: "hut.jpg".to_owned(),
            media_type: some("image/jpeg"),
            size: Some(2_412_000.0),
            width: Some(width),
            height: Some(height),
            has_thumbnail: true,
            ..Media::default()
        }
    }

    fn of_type(media_type: &str, name: &str) -> Media {
        Media {
            id: "01a1-f1".to_owned(),
            name: name.to_owned(),
            media_type: some(media_type),
            size: Some(2_412_000.0),
            duration_ms: Some(12_400.0),
            ..Media::default()
        }
    }

    fn html(kind: &str, data: Option<&Data>, media: &[Media]) -> String {
        shown(kind, data, media).unwrap().into_string()
    }

    fn assert_has(html: &str, parts: &[&str]) {
        for part in parts {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }

    #[test]
    fn a_picture_has_its_space_its_thumbnail_and_its_words() {
        let data = Data {
            alt: some("The hut"),
            ..Data::default()
        };
        let html = html("image", Some(&data), &[photo(1600.0, 1200.0)]);
        assert_has(
            &html,
            &[
                r#"viewBox="0 0 352 264" width="352""#,
                r#"href="/api/media/01a1-f0""#,
                r#"src="/api/media/01a1-f0/thumbnail""#,
                r#"alt="The hut""#,
                r#"loading="lazy" decoding="async""#,
                r#"data-words="Photo, The hut""#,
            ],
        );
    }

    #[test]
    fn no_shape_is_too_large_too_thin_or_without_space() {
        for (width, height, expected) in [
            (1600.0, 1200.0, (352.0, 264.0, false)),
            (900.0, 1350.0, (267.0, 400.0, false)),
            (3000.0, 20.0, (352.0, PICTURE_HEIGHT_MIN, true)),
            (32.0, 32.0, (PICTURE_WIDTH_MIN, PICTURE_HEIGHT_MIN, true)),
            (200.0, 150.0, (200.0, 150.0, false)),
        ] {
            assert_eq!(shape("image", &photo(width, height)), expected);
        }
        for (width, height) in [
            (0.0, 5.0),
            (f64::NAN, 5.0),
            (f64::INFINITY, 5.0),
            (-1.0, 5.0),
        ] {
            assert_eq!(
                shape("image", &photo(width, height)),
                (PHOTO_SHAPE.0, PHOTO_SHAPE.1, true)
            );
        }
    }

    #[test]
    fn an_album_of_whatever_number_fills_its_rows_and_shows_all() {
        for count in 1..=10 {
            let lying = vec![photo(1600.0, 1200.0); count];
            let standing = vec![photo(1200.0, 1600.0); count];
            for media in [lying, standing] {
                let html = html("image", None, &media);
                assert_eq!(html.matches("<img").count(), count);
                if count == 1 {
                    continue;
                }
                assert!(html.contains(&format!("data-count=\"{count}\"")));
                // In sixths of a row; the two beside a large one stand in one third, below each other.
                let sixths: usize = (0..count)
                    .map(|at| match place(at, &media) {
                        "half" | "tall" => 3,
                        "third" => 2,
                        "whole" => 6,
                        "side" => 8,
                        "beside" => 2,
                        other => panic!("{other}"),
                    })
                    .sum();
                assert_eq!(sixths % 6, 0, "{count}");
            }
        }
        assert!(html("image", None, &vec![photo(4.0, 3.0); 3]).contains("data-words=\"3 photos\""));
    }

    #[test]
    fn each_picture_of_an_album_says_what_it_shows_or_its_name() {
        let data = Data {
            alt: some("All of it"),
            alts: vec!["The hut".to_owned(), String::new()],
            ..Data::default()
        };
        let html = html("image", Some(&data), &vec![photo(4.0, 3.0); 3]);
        assert_has(&html, &[r#"alt="The hut""#]);
        let name = format!("alt=\"{}\"", photo(4.0, 3.0).name);
        assert_eq!(html.matches(&name).count(), 2, "{html}");
        // What is said of all is not said of each.
        assert_eq!(html.matches("alt=\"All of it\"").count(), 0, "{html}");
        assert_has(&html, &[r#"data-words="3 photos, All of it""#]);
    }

    #[test]
    fn what_moves_plays_and_stands_still_for_who_wants_calm() {
        let animated = Media {
            animated: true,
            ..photo(320.0, 240.0)
        };
        let html = html("gif", None, &[animated]);
        assert_has(
            &html,
            &[
                r#"<source media="(prefers-reduced-motion: no-preference)" srcset="/api/media/01a1-f0">"#,
                r#"src="/api/media/01a1-f0/thumbnail""#,
                ">GIF<",
            ],
        );
    }

    #[test]
    fn a_film_is_a_picture_that_says_its_length() {
        let html = html("video", None, &[of_type("video/mp4", "hike.mp4")]);
        assert_has(
            &html,
            &[
                r#"preload="metadata""#,
                r#"aria-label="Video: hike.mp4, 0:12""#,
                "playsinline",
                "data-film",
                ">0:12<",
                r#"viewBox="0 0 352 198""#,
            ],
        );
        assert!(!html.contains("autoplay"));
    }

    #[test]
    fn a_voice_has_its_waveform_and_a_slider_and_audio_its_name() {
        let data = Data {
            waveform: vec![0.0, 100.0],
            duration_ms: Some(1.0),
            ..Data::default()
        };
        let voice = html("voice", Some(&data), &[of_type("audio/webm", "voice.webm")]);
        assert_has(
            &voice,
            &[
                r#"data-words="Voice message, 0:12""#,
                r#"role="slider""#,
                r#"aria-valuemax="12""#,
                r#"aria-valuetext="0:00 of 0:12""#,
                r#"data-duration-ms="12400""#,
                "M2 11.0v2.0",
            ],
        );
        assert!(
            !voice.contains("<audio"),
            "the sound comes when it is asked for"
        );
        let audio = html("audio", None, &[of_type("audio/mpeg", "Song.mp3")]);
        assert_has(
            &audio,
            &[
                "player__line",
                "Song.mp3",
                "2.4 MB",
                "Audio: Song.mp3, 0:12",
            ],
        );
    }

    #[test]
    fn files_stand_in_rows_and_are_downloaded() {
        let files = [
            of_type("application/pdf", "report.pdf"),
            of_type("application/zip", "budget.xlsx"),
        ];
        let both = html("file", None, &files);
        assert_has(
            &both,
            &[
                r#"href="/api/media/01a1-f1?download" download="report.pdf""#,
                "PDF · ",
                ">2.4 MB<",
                "file__icon--pdf",
                "file__icon--sheet",
                r#"data-words="2 files""#,
            ],
        );
        assert!(html("file", None, &files[..1]).contains("data-words=\"File: report.pdf\""));
    }

    #[test]
    fn a_sticker_of_the_pack_is_drawn_and_another_is_a_picture() {
        let data = Data {
            alt: some("Nilo waves"),
            drawing: some("/static/abc/sticker-hello.svg"),
            ..Data::default()
        };
        let drawn = html("sticker", Some(&data), &[]);
        assert_has(
            &drawn,
            &[r#"src="/static/abc/sticker-hello.svg" alt="Nilo waves""#],
        );
        assert!(html("sticker", None, &[photo(512.0, 512.0)]).contains("/api/media/01a1-f0"));
        assert_eq!(
            modifier("sticker", Some(&data), &[]),
            Some(" message--sticker")
        );
        assert!(shown("sticker", None, &[]).is_none());
    }

    #[test]
    fn what_is_not_ready_loads_nothing_yet_and_is_not_taken_for_the_same_later() {
        for kind in ["image", "gif", "video", "audio", "voice", "file", "sticker"] {
            let waiting = Media {
                media_type: None,
                width: None,
                height: None,
                ..photo(1.0, 1.0)
            };
            let html = html(kind, None, &[waiting]);
            assert!(!html.contains("/api/media"), "{html}");
            assert!(html.contains(r#"data-media="01a1-f0?""#), "{html}");
        }
    }

    #[test]
    fn nothing_hostile_comes_through() {
        let hostile = r#""><script>alert(1)</script><img src=x onerror=alert(1)>"#;
        let data = Data {
            alt: some(hostile),
            name: some(hostile),
            duration_ms: Some(f64::NAN),
            waveform: vec![f64::NAN, 1e300],
            ..Data::default()
        };
        let media = Media {
            name: hostile.to_owned(),
            size: Some(f64::INFINITY),
            width: Some(1e300),
            height: Some(1e-300),
            duration_ms: Some(-1.0),
            ..photo(1.0, 1.0)
        };
        for kind in ["image", "gif", "video", "audio", "voice", "file", "sticker"] {
            for media_type in [Some("video/mp4"), Some("image/png"), Some(hostile), None] {
                let media = Media {
                    media_type: media_type.map(str::to_owned),
                    ..media.clone()
                };
                for count in [1, 2, 10] {
                    let html = html(kind, Some(&data), &vec![media.clone(); count]);
                    assert!(
                        !html.contains("<script") && !html.contains("<img src=x"),
                        "{html}"
                    );
                    assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
                }
            }
            let elsewhere = Media {
                id: hostile.to_owned(),
                ..media.clone()
            };
            assert!(
                shown(kind, None, &[elsewhere]).is_none(),
                "an id that is none has no address"
            );
        }
    }
}
