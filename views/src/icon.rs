use maud::{Markup, html};

/// A drawing of our own, in the colour of the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Back,
    Bell,
    BellOff,
    Calendar,
    Camera,
    Chat,
    Clip,
    Close,
    Copy,
    Down,
    Download,
    Edit,
    Emoji,
    File,
    Forward,
    Hide,
    Info,
    Jump,
    Link,
    List,
    Microphone,
    More,
    Music,
    Pause,
    People,
    Person,
    Phone,
    PhoneDown,
    PhoneMissed,
    Photo,
    Pin,
    Place,
    Play,
    Plus,
    Reply,
    Restore,
    Room,
    Search,
    Send,
    Stop,
    Trash,
    Up,
    Video,
}

impl Icon {
    /// Lines on a field of 24 by 24.
    fn path(self) -> &'static str {
        match self {
            Self::Back => "M15 5l-7 7 7 7",
            Self::Bell => "M6 16v-5a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
            Self::BellOff => "M6 16v-5a6 6 0 0 1 8-5.6M18 11v5l2 2H4l2-2M10 21h4M3 3l18 18",
            Self::Calendar => "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
            Self::Camera => {
                "M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 16.5a3.25 3.25 0 1 0 0-6.5 3.25 3.25 0 0 0 0 6.5z"
            }
            Self::Chat => "M4 5h16v11H9l-5 4zM8 10.5h8",
            Self::Clip => {
                "M20 11.5l-8.2 8.2a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.4a1.7 1.7 0 0 1-2.4-2.4l7.7-7.6"
            }
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Copy => "M9 9h11v11H9zM15 9V4H4v11h5",
            Self::Down => "M12 5v14M6 13l6 6 6-6",
            Self::Download => "M12 4v11M7 10.5l5 5 5-5M5 20h14",
            Self::Edit => "M4 20l1-5L16 4l4 4L9 19zM13 7l4 4",
            Self::Emoji => {
                "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM8 14.5c1 1.5 2.3 2.2 4 2.2s3-.7 4-2.2M9 9.5v.5M15 9.5v.5"
            }
            Self::File => "M6 3h8l5 5v13H6zM14 3v5h5",
            Self::Forward => "M15 7l5 5-5 5M20 12h-9a7 7 0 0 0-7 7",
            Self::Hide => {
                "M10 6.2A9 9 0 0 1 12 6c4.5 0 7.5 3.5 9 6a15 15 0 0 1-2.5 3.2M6.5 7.6A15 15 0 0 0 3 12c1.5 2.5 4.5 6 9 6a9 9 0 0 0 4-.9M4 4l16 16"
            }
            Self::Info => "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM12 11v5.5M12 7.5v.5",
            Self::Jump => "M4 12h11M10 7l5 5-5 5M20 5v14",
            Self::Link => {
                "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17"
            }
            Self::List => "M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01",
            Self::Microphone => {
                "M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 0 0-7 0v5A3.5 3.5 0 0 0 12 15zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"
            }
            Self::More => "M5 12h.01M12 12h.01M19 12h.01",
            Self::Music => {
                "M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM19 16a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z"
            }
            Self::Pause => "M8.5 6v12M15.5 6v12",
            Self::People => {
                "M16 20v-1a5 5 0 0 0-10 0v1M11 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM17 14.5a5 5 0 0 1 4 4.5v1M15.5 4.3a3.5 3.5 0 0 1 0 6.4"
            }
            Self::Person => "M19 20v-1a7 7 0 0 0-14 0v1M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z",
            Self::Phone => {
                "M6.5 4h3l1.5 4.5-2 1.5a11 11 0 0 0 5 5l1.5-2 4.5 1.5v3a2 2 0 0 1-2.2 2A15.5 15.5 0 0 1 4.5 6.2 2 2 0 0 1 6.5 4z"
            }
            Self::PhoneDown => "M3 14.5c5-5 13-5 18 0l-1.5 2.5-4-1v-3a11 11 0 0 0-7 0v3l-4 1z",
            Self::PhoneMissed => {
                "M6.5 4h3l1.5 4.5-2 1.5a11 11 0 0 0 5 5l1.5-2 4.5 1.5v3a2 2 0 0 1-2.2 2A15.5 15.5 0 0 1 4.5 6.2 2 2 0 0 1 6.5 4zM15.5 4l5 5M20.5 4l-5 5"
            }
            Self::Photo => "M4 5h16v14H4zM4 16l4.5-4.5 4 4 2.5-2.5 5 5M15.5 9.5h.01",
            Self::Pin => "M9 4h6l-1 6 3 3v2H7v-2l3-3zM12 15v6",
            Self::Place => {
                "M12 21c4.5-5 6.5-8 6.5-11a6.5 6.5 0 0 0-13 0c0 3 2 6 6.5 11zM12 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z"
            }
            Self::Play => "M8 5.5v13l10.5-6.5z",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Reply => "M9 7l-5 5 5 5M4 12h9a7 7 0 0 1 7 7",
            Self::Restore => "M4 5v5h5M4.5 10a8 8 0 1 1-.5 4",
            Self::Room => "M9 4L7 20M17 4l-2 16M4 9h16M4 15h16",
            Self::Search => "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
            Self::Send => "M12 20V5M5.5 11.5L12 5l6.5 6.5",
            Self::Stop => "M7 7h10v10H7z",
            Self::Trash => "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
            Self::Up => "M12 19V5M6 11l6-6 6 6",
            Self::Video => "M3 7h12v10H3zM15 11l6-3.5v9L15 13",
        }
    }
}

/// For the eye alone: what stands beside it, or the label of what holds it, is for the ear.
pub fn icon(icon: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(icon.path()); }
    }
}
