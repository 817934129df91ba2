// Asks, and waits for yes or no; anything but yes is no.

export function ask(dialog, question, answer) {
  dialog.querySelector(".confirm__question").textContent = question;
  dialog.querySelector(".confirm__yes").textContent = answer;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
