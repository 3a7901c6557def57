// Comforts only: every page works without this file.
"use strict";

const MAX_QUESTION = 1000;
const SHOW_COUNT_FROM = 800;

function addCopyButton(text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy-button";
  button.textContent = text.dataset.copy;
  const said = document.createElement("span");
  said.className = "said";
  said.setAttribute("role", "status");
  button.addEventListener("click", () => copy(text, said));
  text.before(button, said);
}

async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text.textContent);
    said.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(text);
    said.textContent = "Marked. Press Ctrl and C to copy.";
  }
}

function focusSearchOnSlash(event) {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = document.getElementById("q");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
}

function countCharacters(box) {
  const count = document.createElement("p");
  count.className = "typed";
  count.setAttribute("role", "status");
  box.closest("form").append(count);
  box.addEventListener("input", () => {
    const length = [...box.value.normalize("NFC").trim()].length;
    count.textContent = length < SHOW_COUNT_FROM ? "" : `${length} of ${MAX_QUESTION} letters`;
    count.classList.toggle("over", length > MAX_QUESTION);
  });
}

// A question is one paragraph: Enter asks, Shift and Enter begins a new line.
function askOnEnter(box) {
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    box.form.requestSubmit();
  });
}

// For browsers whose style sheets cannot let a field grow with its words.
function growWithWords(box) {
  if (CSS.supports("field-sizing", "content")) return;
  box.addEventListener("input", () => {
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 4}px`;
  });
}

document.querySelectorAll("pre[data-copy]").forEach(addCopyButton);
document.querySelectorAll("#q").forEach((box) => {
  countCharacters(box);
  askOnEnter(box);
  growWithWords(box);
});
document.addEventListener("keydown", focusSearchOnSlash);
