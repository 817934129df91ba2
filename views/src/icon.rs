use maud::{Markup, html};

/// A drawing of our own, in the colour of the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Back,
    Bell,
    BellOff,
    Close,
    Copy,
    Down,
    Edit,
    Emoji,
    Hide,
    Link,
    More,
    People,
    Plus,
    Reply,
    Room,
    Search,
    Send,
    Trash,
    Up,
}

impl Icon {
    /// Lines on a field of 24 by 24.
    fn path(self) -> &'static str {
        match self {
            Self::Back => "M15 5l-7 7 7 7",
            Self::Bell => "M6 16v-5a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
            Self::BellOff => "M6 16v-5a6 6 0 0 1 8-5.6M18 11v5l2 2H4l2-2M10 21h4M3 3l18 18",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Copy => "M9 9h11v11H9zM15 9V4H4v11h5",
            Self::Down => "M12 5v14M6 13l6 6 6-6",
            Self::Edit => "M4 20l1-5L16 4l4 4L9 19zM13 7l4 4",
            Self::Emoji => {
                "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM8 14.5c1 1.5 2.3 2.2 4 2.2s3-.7 4-2.2M9 9.5v.5M15 9.5v.5"
            }
            Self::Hide => {
                "M10 6.2A9 9 0 0 1 12 6c4.5 0 7.5 3.5 9 6a15 15 0 0 1-2.5 3.2M6.5 7.6A15 15 0 0 0 3 12c1.5 2.5 4.5 6 9 6a9 9 0 0 0 4-.9M4 4l16 16"
            }
            Self::Link => {
                "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17"
            }
            Self::More => "M5 12h.01M12 12h.01M19 12h.01",
            Self::People => {
                "M16 20v-1a5 5 0 0 0-10 0v1M11 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM17 14.5a5 5 0 0 1 4 4.5v1M15.5 4.3a3.5 3.5 0 0 1 0 6.4"
            }
            Self::Plus => "M12 5v14M5 12h14",
            Self::Reply => "M9 7l-5 5 5 5M4 12h9a7 7 0 0 1 7 7",
            Self::Room => "M9 4L7 20M17 4l-2 16M4 9h16M4 15h16",
            Self::Search => "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
            Self::Send => "M12 20V5M5.5 11.5L12 5l6.5 6.5",
            Self::Trash => "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
            Self::Up => "M12 19V5M6 11l6-6 6 6",
        }
    }
}

/// For the eye alone: what stands beside it, or the label of what holds it, is for the ear.
pub fn icon(icon: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(icon.path()); }
    }
}
