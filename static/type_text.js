// Puts text into a field as if it were typed: it can be undone, keeps to the field's limit, leaves
// the caret behind it and emits `input`. By default it goes where the caret is.

export function typeText(field, text, start = field.selectionStart, end = field.selectionEnd) {
  if (document.activeElement === field) {
    field.setSelectionRange(start, end);
    // The only way that the field's own history of changes knows of.
    if (document.execCommand("insertText", false, text)) return;
  }
  const length = field.value.length - (end - start) + text.length;
  if (field.maxLength >= 0 && length > field.maxLength) return;
  field.setRangeText(text, start, end, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText", data: text }));
}
