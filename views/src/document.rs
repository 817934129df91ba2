//! Documents of ours as pages: the API to be tried, and what is written about it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::language::{Language, within};
use crate::look::Look;

/// Where Swagger UI's own files are.
const UI: &str = "/docs/ui";

/// Every operation of the API, which the script fills in.
pub fn api_page(assets: &str, look: &Look) -> Markup {
    let more = html! {
        link rel="stylesheet" href={ (UI) "/swagger-ui.css" };
        script src={ (UI) "/swagger-ui-bundle.js" } defer {}
        script type="module" src={ (assets) "/docs.js" } {}
    };
    let content = html! {
        div #api {
            noscript { p.document { "Without script, read " a href="/openapi.json" { "/openapi.json" } "." } }
        }
    };
    page("The HTTP API", assets, look, &more, &content)
}

/// `html` is our own: of a document in this repository.
pub fn document_page(title: &str, html: &str, assets: &str, look: &Look) -> Markup {
    let content = html! { div.document dir="ltr" { (PreEscaped(html)) } };
    page(title, assets, look, &html! {}, &content)
}

fn page(title: &str, assets: &str, look: &Look, more: &Markup, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" dir=(within(Language::English, || look.direction())) data-theme=(look.theme) data-color=(look.color) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" type="image/svg+xml" href={ (assets) "/icon.svg" };
                @for style in ["theme.css", "app.css", "docs.css"] {
                    link rel="stylesheet" href={ (assets) "/" (style) };
                }
                (more)
            }
            body {
                nav.documents aria-label="Documents" dir="ltr" {
                    a href="/" { "The chat" }
                    a href="/docs" { "The HTTP API" }
                    a href="/docs/wire" { "The wire" }
                    a href="/openapi.json" { "openapi.json" }
                }
                main { (content) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_leads_to_the_others_and_has_no_inline_script() {
        let look = Look::default();
        for page in [
            api_page("/static/1", &look),
            document_page("The wire", "<h1>The wire</h1>", "/static/1", &look),
        ] {
            let page = page.into_string();
            for link in ["href=\"/docs\"", "href=\"/docs/wire\"", "href=\"/\""] {
                assert!(page.contains(link), "{link}");
            }
            assert!(!page.contains("<script>") && !page.contains("style="));
        }
    }
}
