// Emoji for the message box. All that they need comes when they are first asked for: the picker with
// the first click on its button, the completion with the first colon that could begin a shortcode.

const SHORTCODE_BEGINS = /(?:^|\s):/; // Not in a link or a time of day.

export function offerEmoji(button, textarea, signal) {
  let picker = null;
  let typeText;
  let completes = false;

  button.addEventListener("click", async () => {
    try {
      const [{ EmojiPicker }, types] = await Promise.all([import("./emoji_picker.js"), import("./type_text.js")]);
      typeText = types.typeText;
      picker ??= new EmojiPicker(button, { onPick: insert, signal });
      await picker.toggle();
    } catch (error) {
      console.warn("The emoji picker could not be loaded", error);
    }
  }, { signal });

  textarea.addEventListener("input", async () => {
    if (completes || !SHORTCODE_BEGINS.test(textarea.value)) return;
    completes = true;
    try {
      const { EmojiCompletion } = await import("./emoji_completion.js");
      new EmojiCompletion(textarea, { signal });
    } catch (error) {
      console.warn("Emoji are not completed", error);
    }
  }, { signal });

  function insert(emoji) {
    // On a phone the focus would bring up the keyboard.
    if (!matchMedia("(pointer: coarse)").matches) textarea.focus();
    typeText(textarea, emoji);
  }
}
