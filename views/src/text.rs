//! What somebody wrote, as it is shown: with emphasis, code, lists, quotes, links, mentions and emoji, and everything
//! else as it was typed.
//!
//! A parser of Markdown tells where constructs begin and end, and no more: what is shown are always slices of the
//! body, from the end of one delimiter to the beginning of the next. So whatever is not rendered here (headings,
//! HTML, tables, entities) stays as it was typed, and nothing is ever lost.

mod find;

use std::borrow::Cow;
use std::ops::Range;

use maud::{Markup, PreEscaped, Render};
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};
use unicode_segmentation::UnicodeSegmentation;

pub(crate) use self::find::is_web;
use self::find::{Find, Found, finds, has_link, is_plain};

/// Elements within each other; what is deeper stays as it was typed. Browsers and readers bear no more.
const DEPTH_MAX: usize = 8;
/// As many emoji alone are shown large.
const BIG_EMOJI_MAX: usize = 3;
/// Longer words after a fence name no language; they are what somebody wanted to show.
const LANGUAGE_BYTES_MAX: usize = 20;

/// Somebody whose name in a message is more than a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mention<'a> {
    pub id: Cow<'a, str>,
    pub name: Cow<'a, str>,
    pub username: Option<Cow<'a, str>>,
}

/// A body made into markup.
pub struct Shown {
    pub markup: Markup,
    /// Whether a reader sees other characters than were typed.
    pub differs: bool,
}

/// The body of a message for readers.
pub fn text(body: &str, mentions: &[Mention<'_>]) -> Markup {
    shown(body, mentions).markup
}

/// As [`text`], and whether it shows what was typed.
pub fn shown(body: &str, mentions: &[Mention<'_>]) -> Shown {
    let (markup, differs) = if is_plain(body) {
        let mut escaped = String::with_capacity(body.len() + body.len() / 16);
        body.render_to(&mut escaped);
        (escaped, false)
    } else {
        write(body, mentions, Form::Markup)
    };
    Shown {
        markup: PreEscaped(markup),
        differs,
    }
}

/// The plain words of a body, for where there is one line: quotes, the list, notifications.
pub fn excerpt(body: &str) -> Cow<'_, str> {
    if is_plain(body) {
        return Cow::Borrowed(body);
    }
    let (words, differs) = write(body, &[], Form::Words);
    if differs {
        Cow::Owned(words.trim_end().to_owned())
    } else {
        Cow::Borrowed(body)
    }
}

/// Whether it is one to three emoji and nothing else.
pub fn is_big_emoji(body: &str) -> bool {
    // Most bodies begin with a letter, and are known by it.
    if body.is_empty() || body.as_bytes()[0].is_ascii_alphabetic() {
        return false;
    }
    let mut count = 0;
    body.graphemes(true).all(|grapheme| {
        count += 1;
        count <= BIG_EMOJI_MAX && emojis::get(grapheme).is_some()
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Markup,
    /// The same without any tag.
    Words,
}

/// What the lines of a block begin with, besides what they say.
enum Prefix {
    Quote,
    Item { indent: usize },
}

/// An element that has begun.
struct Open {
    closing: &'static str,
    /// Bytes of the delimiter at its end.
    delimiter: usize,
    is_block: bool,
    has_prefix: bool,
}

/// A tag of the parser's: rendered, or left as it was typed.
enum Began {
    Rendered(Open),
    Typed { is_block: bool },
}

fn write(body: &str, mentions: &[Mention<'_>], form: Form) -> (String, bool) {
    let finds = finds(body, mentions);
    let neutral = neutral(body, &finds);
    let events: Vec<_> = Parser::new_ext(&neutral, Options::ENABLE_STRIKETHROUGH)
        .into_offset_iter()
        .collect();
    let mut writer = Writer {
        body,
        form,
        finds: &finds,
        next_find: 0,
        cursor: 0,
        out: String::with_capacity(body.len() + body.len() / 4),
        space: String::new(),
        is_at_edge: false,
        prefixes: Vec::new(),
        began: Vec::new(),
        depth: 0,
        typed_blocks: 0,
        number: Vec::new(),
        in_link: false,
        differs: false,
    };
    writer.run(&events);
    (writer.out, writer.differs)
}

/// The body with letters in place of what would be a delimiter within an address, a name or a shortcode: each byte
/// for a byte, so that places in the one are places in the other.
fn neutral<'a>(body: &'a str, finds: &[Find<'_>]) -> Cow<'a, str> {
    if finds.is_empty() {
        return Cow::Borrowed(body);
    }
    let mut neutral = String::with_capacity(body.len());
    let mut at = 0;
    for find in finds {
        neutral.push_str(&body[at..find.range.start]);
        neutral.extend(body[find.range.clone()].chars().map(|letter| match letter {
            '*' | '_' | '~' | '`' | '[' | ']' | '\\' | '<' | '>' | '&' => 'x',
            other => other,
        }));
        at = find.range.end;
    }
    neutral.push_str(&body[at..]);
    Cow::Owned(neutral)
}

struct Writer<'a> {
    body: &'a str,
    form: Form,
    finds: &'a [Find<'a>],
    next_find: usize,
    /// Up to where the body is written.
    cursor: usize,
    out: String,
    /// White space that is written when words follow, and dropped where a block begins or ends.
    space: String,
    /// Right after the beginning or the end of a block: it breaks the line by itself.
    is_at_edge: bool,
    prefixes: Vec<Prefix>,
    began: Vec<Began>,
    depth: usize,
    /// Blocks that are left as typed, around here: what is within them is too.
    typed_blocks: usize,
    /// Of each list around here: its first number, and the number that its next entry has by itself.
    number: Vec<Option<(u64, u64)>>,
    in_link: bool,
    differs: bool,
}

type Events<'e> = [(Event<'e>, Range<usize>)];

impl<'a> Writer<'a> {
    fn run(&mut self, events: &Events<'_>) {
        let mut seen = 0; // Up to where the parser told of what it saw.
        let mut at = 0;
        while let Some((event, range)) = events.get(at) {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let is_written = self.typed_blocks == 0 && self.fenced(range.clone(), info);
                    if is_written {
                        while !matches!(
                            events.get(at),
                            None | Some((Event::End(TagEnd::CodeBlock), _))
                        ) {
                            at += 1;
                        }
                    } else {
                        self.began.push(Began::Typed { is_block: true });
                        self.typed_blocks += 1;
                    }
                }
                Event::Start(tag) => self.begin(tag, range.clone(), &events[at + 1..]),
                Event::End(_) => self.end(range.end),
                Event::Code(_) => self.code(range.clone()),
                Event::Text(_) => self.escape(range.start, seen),
                _ => {}
            }
            seen = match event {
                Event::Start(_) => range.start,
                _ => range.end,
            };
            at += 1;
        }
        self.typed(self.body.len());
        if self.is_at_edge {
            self.space.clear();
        }
        self.flush();
    }

    fn begin(&mut self, tag: &Tag<'_>, range: Range<usize>, rest: &Events<'_>) {
        let source = &self.body[range.clone()];
        let is_block = matches!(
            tag,
            Tag::BlockQuote(_)
                | Tag::List(_)
                | Tag::Item
                | Tag::CodeBlock(_)
                | Tag::HtmlBlock
                | Tag::FootnoteDefinition(_)
        );
        let has_room = self.depth < DEPTH_MAX && !(is_block && self.typed_blocks > 0);
        let open = match tag {
            _ if !has_room => None,
            Tag::Strong => self.inline("<strong>", "</strong>", &range, "**"),
            Tag::Strikethrough => self.inline("<s>", "</s>", &range, "~~"),
            Tag::Emphasis if self.stands_alone(&range) => {
                let delimiter = if source.starts_with('_') { "_" } else { "*" };
                self.inline("<em>", "</em>", &range, delimiter)
            }
            Tag::Link {
                link_type: LinkType::Inline,
                ..
            } => self.link(range.clone(), rest),
            Tag::BlockQuote(_) => self.quote(range.start),
            Tag::List(first) => self.list(*first, rest),
            Tag::Item => self.item(range.start),
            _ => None,
        };
        self.began.push(match open {
            Some(open) => {
                self.depth += 1;
                self.differs = true;
                Began::Rendered(open)
            }
            None => {
                self.typed_blocks += usize::from(is_block);
                Began::Typed { is_block }
            }
        });
    }

    fn end(&mut self, to: usize) {
        match self.began.pop() {
            Some(Began::Rendered(open)) => {
                self.depth -= 1;
                self.typed(to.saturating_sub(open.delimiter));
                self.cursor = self.cursor.max(to);
                if open.is_block {
                    self.edge();
                    if open.has_prefix {
                        self.prefixes.pop();
                    } else {
                        self.number.pop();
                    }
                    self.tag(open.closing);
                } else {
                    self.flush();
                    self.tag(open.closing);
                    self.in_link &= open.closing != "</a>";
                }
            }
            Some(Began::Typed { is_block }) => self.typed_blocks -= usize::from(is_block),
            None => {}
        }
    }

    // Each of these writes what stands before it and its beginning; None: it stays as it was typed.

    fn inline(
        &mut self,
        opening: &str,
        closing: &'static str,
        range: &Range<usize>,
        delimiter: &str,
    ) -> Option<Open> {
        let source = &self.body[range.clone()];
        let length = delimiter.len();
        if !source.starts_with(delimiter)
            || !source.ends_with(delimiter)
            || source.len() <= 2 * length
        {
            return None;
        }
        self.typed(range.start);
        self.flush();
        self.tag(opening);
        self.cursor = range.start + length;
        Some(Open {
            closing,
            delimiter: length,
            is_block: false,
            has_prefix: false,
        })
    }

    /// One asterisk is often a sign of multiplication: only around whole words it means emphasis.
    fn stands_alone(&self, range: &Range<usize>) -> bool {
        let before = self.body[..range.start].chars().next_back();
        let after = self.body[range.end..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    }

    fn link(&mut self, range: Range<usize>, rest: &Events<'_>) -> Option<Open> {
        let first = range.start + 1;
        let words_end = rest
            .iter()
            .take_while(|(event, _)| !matches!(event, Event::End(TagEnd::Link)))
            .map(|(_, range)| range.end)
            .max()?;
        let words = self.body.get(first..words_end)?;
        let target = self
            .body
            .get(words_end..range.end)?
            .strip_prefix("](")?
            .strip_suffix(')')?
            .trim();
        let address = target
            .strip_prefix('<')
            .and_then(|target| target.strip_suffix('>'))
            .unwrap_or(target);
        // Words that are an address themselves could name another place than they lead to.
        if words.trim().is_empty() || !find::is_target(address) || has_link(words) {
            return None;
        }
        self.typed(range.start);
        self.flush();
        let address = address.to_owned();
        self.anchor("", &address);
        self.in_link = true;
        self.cursor = first;
        Some(Open {
            closing: "</a>",
            delimiter: range.end - words_end,
            is_block: false,
            has_prefix: false,
        })
    }

    fn quote(&mut self, start: usize) -> Option<Open> {
        let source = &self.body[start..];
        let marker = source.trim_start_matches(' ');
        // Without a space it is a face (>_<) or a prompt.
        let words = marker.strip_prefix("> ").or_else(|| {
            marker
                .strip_prefix('>')
                .filter(|rest| rest.starts_with('\n'))
        })?;
        self.typed(start);
        self.edge();
        self.tag("<blockquote>");
        self.prefixes.push(Prefix::Quote);
        self.cursor = self.body.len() - words.len();
        Some(Open {
            closing: "</blockquote>",
            delimiter: 0,
            is_block: true,
            has_prefix: true,
        })
    }

    fn list(&mut self, first: Option<u64>, rest: &Events<'_>) -> Option<Open> {
        let (_, range) = rest.first()?;
        let marker = Marker::at(self.body, range.start)?;
        if marker.is_alone {
            return None;
        }
        self.typed(range.start);
        self.edge();
        match first {
            None => self.tag("<ul>"),
            Some(1) => self.tag("<ol>"),
            Some(first) => self.tag(&format!("<ol start=\"{first}\">")),
        }
        self.number.push(first.map(|first| (first, first)));
        Some(Open {
            closing: if first.is_some() { "</ol>" } else { "</ul>" },
            delimiter: 0,
            is_block: true,
            has_prefix: false,
        })
    }

    fn item(&mut self, start: usize) -> Option<Open> {
        let marker = Marker::at(self.body, start)?;
        self.typed(start);
        self.edge();
        let value = match (self.number.last_mut(), marker.number) {
            (Some(Some((first, next))), Some(number)) => {
                // As typed, so that answers keep the numbers of their questions; unless all are alike.
                let differs = number != *next && number != *first;
                let shown = if differs { number } else { *next };
                *next = shown.saturating_add(1);
                differs.then_some(number)
            }
            _ => None,
        };
        match value {
            Some(value) => self.tag(&format!("<li value=\"{value}\">")),
            None => self.tag("<li>"),
        }
        let around: usize = self
            .prefixes
            .iter()
            .map(|prefix| match prefix {
                Prefix::Item { indent } => *indent,
                Prefix::Quote => 0,
            })
            .sum();
        let before = self.body[..marker.start]
            .bytes()
            .rev()
            .take_while(|byte| *byte == b' ')
            .count();
        self.prefixes.push(Prefix::Item {
            indent: before.saturating_sub(around) + marker.end - marker.start,
        });
        self.cursor = marker.end;
        Some(Open {
            closing: "</li>",
            delimiter: 0,
            is_block: true,
            has_prefix: true,
        })
    }

    /// Code within a line; between three backticks also of several.
    fn code(&mut self, range: Range<usize>) {
        let source = &self.body[range.clone()];
        let ticks = source.bytes().take_while(|byte| *byte == b'`').count();
        let Some(inner) = range
            .end
            .checked_sub(ticks)
            .filter(|end| *end > range.start + ticks)
        else {
            return;
        };
        let code = self.without_prefixes(range.start + ticks..inner);
        let is_block = ticks >= 3
            && code.contains('\n')
            && self.began.iter().all(|began| {
                !matches!(
                    began,
                    Began::Rendered(Open {
                        is_block: false,
                        ..
                    })
                )
            });
        self.typed(range.start);
        if is_block {
            self.block_of_code(code.trim_end_matches('\n'));
        } else {
            let is_padded = code.len() > 2
                && code.starts_with(' ')
                && code.ends_with(' ')
                && !code.trim().is_empty();
            let code = if is_padded {
                &code[1..code.len() - 1]
            } else {
                &code[..]
            };
            self.flush();
            self.tag("<code>");
            self.words(code);
            self.tag("</code>");
        }
        self.differs = true;
        self.cursor = range.end;
    }

    /// False: there is nothing in it, and it stays as it was typed.
    fn fenced(&mut self, range: Range<usize>, info: &str) -> bool {
        let body = self.body;
        let Some((opening, _)) = body[range.clone()].split_once('\n') else {
            return false;
        };
        let fence = opening.trim_start();
        let Some(mark) = fence.chars().next().filter(|mark| "`~".contains(*mark)) else {
            return false;
        };
        let length = fence.chars().take_while(|letter| *letter == mark).count();
        let inside = self.without_prefixes(range.start + opening.len() + 1..range.end);
        let inside = inside.trim_end_matches('\n');
        let (rest, last) = inside.rsplit_once('\n').unwrap_or(("", inside));
        let is_fence = !last.is_empty() && last.trim().trim_start_matches(mark).is_empty();
        // Who closes it at the end of the last line began it in its first one.
        let closed_late = inside.trim_end().strip_suffix(&fence[..length]);
        let code = match closed_late {
            _ if is_fence => rest,
            Some(code) => code,
            None => inside,
        };
        if code.trim().is_empty() {
            return false;
        }
        let is_language = (is_fence || closed_late.is_none() || info.is_empty())
            && info.len() <= LANGUAGE_BYTES_MAX
            && info
                .chars()
                .all(|letter| letter.is_alphanumeric() || "+#-._".contains(letter));
        let code = if is_language {
            Cow::Borrowed(code)
        } else {
            Cow::Owned(format!("{}\n{code}", fence[length..].trim()))
        };
        self.typed(range.start);
        self.block_of_code(&code);
        self.differs = true;
        self.cursor = range.end;
        true
    }

    fn block_of_code(&mut self, code: &str) {
        self.edge();
        self.tag("<pre><code>");
        self.words(code);
        // A line's end, for who reads the text of it all.
        self.words("\n");
        self.tag("</code></pre>");
    }

    /// Hides the backslash before a delimiter that it makes an ordinary character.
    fn escape(&mut self, start: usize, seen: usize) {
        let Some(before) = start.checked_sub(1) else {
            return;
        };
        let bytes = self.body.as_bytes();
        let is_escape = bytes[before] == b'\\' && before >= seen && before >= self.cursor;
        let hides = |byte: &u8| b"*_~`[]".contains(byte);
        if is_escape && bytes.get(start).is_some_and(hides) {
            self.typed(before);
            self.cursor = start;
            self.differs = true;
        }
    }

    // Writing

    /// What was typed, up to a place.
    fn typed(&mut self, to: usize) {
        if to <= self.cursor {
            return;
        }
        let from = std::mem::replace(&mut self.cursor, to);
        if self.prefixes.is_empty() {
            return self.run_of_words(from..to);
        }
        for line in self.lines(from..to) {
            self.run_of_words(line);
        }
    }

    /// The lines of a part of the body, each with its end and without what its blocks put before it.
    fn lines(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut lines = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let end = self.body[start..range.end]
                .find('\n')
                .map_or(range.end, |at| start + at + 1);
            let begins_line = start == 0 || self.body.as_bytes()[start - 1] == b'\n';
            let words = if begins_line {
                self.after_prefixes(&self.body[start..end])
            } else {
                &self.body[start..end]
            };
            lines.push(end - words.len()..end);
            start = end;
        }
        lines
    }

    fn after_prefixes<'l>(&self, line: &'l str) -> &'l str {
        let mut rest = line;
        for prefix in &self.prefixes {
            rest = match prefix {
                Prefix::Quote => {
                    let marker = rest.trim_start_matches(' ');
                    match marker.strip_prefix('>') {
                        Some(words) => words.strip_prefix(' ').unwrap_or(words),
                        None => rest,
                    }
                }
                Prefix::Item { indent } => {
                    let spaces = rest
                        .bytes()
                        .take(*indent)
                        .take_while(|byte| matches!(byte, b' ' | b'\t'))
                        .count();
                    &rest[spaces..]
                }
            };
        }
        rest
    }

    fn without_prefixes(&self, range: Range<usize>) -> Cow<'a, str> {
        let body = self.body;
        if self.prefixes.is_empty() {
            return Cow::Borrowed(&body[range]);
        }
        let lines = self.lines(range);
        Cow::Owned(lines.into_iter().map(|line| &body[line]).collect())
    }

    fn run_of_words(&mut self, range: Range<usize>) {
        let source = &self.body[range.clone()];
        let words = source.trim_start_matches(is_space);
        let start = range.end - words.len();
        self.space.push_str(&self.body[range.start..start]);
        if words.is_empty() {
            return;
        }
        let end = start + words.trim_end_matches(is_space).len();
        self.flush();
        self.words_with_finds(start..end);
        self.space.push_str(&self.body[end..range.end]);
    }

    fn words_with_finds(&mut self, range: Range<usize>) {
        let (body, finds) = (self.body, self.finds);
        let mut at = range.start;
        while let Some(find) = finds.get(self.next_find) {
            if find.range.start >= range.end || find.range.end > range.end {
                break;
            }
            self.next_find += 1;
            if find.range.start < at {
                continue; // In code, which was written before.
            }
            self.words(&body[at..find.range.start]);
            self.find(&body[find.range.clone()], &find.what);
            at = find.range.end;
        }
        self.words(&body[at..range.end]);
    }

    fn find(&mut self, source: &str, what: &Found<'_>) {
        match what {
            Found::Emoji(emoji) => {
                self.differs = true;
                self.words(emoji);
            }
            _ if self.in_link => self.words(source),
            Found::Mention { id } => {
                self.tag("<b class=\"mention\" data-user=\"");
                self.attribute(id);
                self.tag("\">");
                self.words(source);
                self.tag("</b>");
            }
            Found::Link { scheme } => {
                self.anchor(scheme, source);
                self.words(source);
                self.tag("</a>");
            }
        }
    }

    /// Not a stop of the tab key: the message is, and leads into it.
    fn anchor(&mut self, scheme: &str, address: &str) {
        self.tag("<a href=\"");
        self.attribute(scheme);
        self.attribute(address);
        self.tag("\" rel=\"noopener noreferrer nofollow ugc\" target=\"_blank\" tabindex=\"-1\">");
    }

    /// A block begins or ends: the line before it is at its end.
    fn edge(&mut self) {
        if !self.is_at_edge && !self.out.is_empty() {
            self.words("\n");
        }
        self.space.clear();
        self.is_at_edge = true;
    }

    fn flush(&mut self) {
        let mut space = std::mem::take(&mut self.space);
        let kept = match space.rfind('\n') {
            Some(at) if self.is_at_edge => &space[at + 1..],
            _ => &space[..],
        };
        self.out.push_str(kept);
        space.clear();
        self.space = space;
        self.is_at_edge = false;
    }

    fn words(&mut self, words: &str) {
        match self.form {
            Form::Markup => words.render_to(&mut self.out),
            Form::Words => self.out.push_str(words),
        }
    }

    fn attribute(&mut self, value: &str) {
        if self.form == Form::Markup {
            value.render_to(&mut self.out);
        }
    }

    fn tag(&mut self, tag: &str) {
        if self.form == Form::Markup {
            self.out.push_str(tag);
        }
    }
}

/// What an entry of a list begins with.
struct Marker {
    start: usize,
    /// Where its words begin.
    end: usize,
    number: Option<u64>,
    /// No word follows in its line.
    is_alone: bool,
}

impl Marker {
    /// A hyphen or an asterisk, or a number; a plus sign is said more often than it is meant as a bullet.
    fn at(body: &str, place: usize) -> Option<Self> {
        let source = &body[place..];
        let start = place + source.bytes().take_while(|byte| *byte == b' ').count();
        let source = &body[start..];
        let digits = source.bytes().take_while(u8::is_ascii_digit).count();
        let (mark, number) = if digits > 0 {
            (digits + 1, Some(source[..digits].parse().ok()?))
        } else {
            source.strip_prefix(['-', '*'])?;
            (1, None)
        };
        let rest = source.get(mark..)?;
        let spaces = rest.bytes().take_while(|byte| *byte == b' ').count();
        let is_alone = rest
            .lines()
            .next()
            .is_none_or(|line| line.trim().is_empty());
        // More than four are the beginning of what is said.
        let kept = if spaces > 4 { 1 } else { spaces };
        Some(Self {
            start,
            end: start + mark + kept,
            number,
            is_alone,
        })
    }
}

/// What a line breaks at or a browser leaves out; other spaces are letters like any.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\n' | '\t' | '\r')
}

#[cfg(test)]
mod tests;
