// Leads to what was said on a day, by the reader's own clock.

import { get } from "./api.js";
import { wire } from "./dialog.js";
import { loadStylesheet } from "./stylesheet.js";
import { dayWithin, isSameDay } from "./times.js";
import { toast } from "./toasts.js";
import { tr } from "./words.js";

let now = null; // { conversationId, timeline, dialog }

export async function askForDay(dialog, { conversationId, timeline }) {
  await loadStylesheet("deeds.css").catch(() => {});
  if (!now) wireOnce(dialog);
  now = { conversationId, timeline, dialog };
  const { day } = dialog.querySelector("form").elements;
  day.max = dayText(new Date());
  day.value ||= day.max;
  say("");
  dialog.showModal();
}

// Private

function wireOnce(dialog) {
  wire(dialog, new AbortController().signal); // It lives as long as the page.
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    go(event.target.elements.day);
  });
}

async function go({ value }) {
  const { conversationId, timeline, dialog } = now;
  const [year, month, day] = value.split("-").map(Number);
  const midnight = new Date(year, month - 1, day);
  say("");
  try {
    const query = new URLSearchParams({ date: midnight.toISOString(), limit: 1 });
    const { items: [first] } = await get(`/api/conversations/${conversationId}/messages?${query}`);
    dialog.close();
    if (!first) {
      toast(tr("Nothing was said on {day} or later. This is the newest.", { day: dayWithin(midnight) }));
      await timeline.toLatest();
      return;
    }
    const at = new Date(first.created_at);
    if (!isSameDay(at, midnight)) {
      toast(tr("Nothing was said on {day}. What came next is of {next}.", { day: dayWithin(midnight), next: dayWithin(at) }));
    }
    await timeline.jumpTo(first.seq);
  } catch (error) {
    say(error.message);
  }
}

function say(text) {
  document.querySelector(".date__note").textContent = text;
}

// As a date field has it.
function dayText(day) {
  const two = (number) => String(number).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}
