// How much is unread, in the title and the icon of the tab.

let title = document.title;
let unread = 0;
const icon = document.querySelector("link[rel=icon]");
const plainIcon = icon.href;

export function nameTitle(name) {
  title = name;
  show();
}

export function countUnread(count) {
  unread = count;
  show();
}

function show() {
  document.title = unread ? `(${unread > 99 ? "99+" : unread}) ${title}` : title;
  icon.href = unread ? plainIcon.replace("icon.svg", "icon-unread.svg") : plainIcon;
  if (unread) navigator.setAppBadge?.(unread).catch(() => {});
  else navigator.clearAppBadge?.().catch(() => {});
}
