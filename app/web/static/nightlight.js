// Comforts only: every page works without this file.
"use strict";

const MAX_QUESTION = 1000;
const SHOW_COUNT_FROM = 800;

// One tab stop for both buttons; arrows go from one to the other.
function addCopyButtons(texts) {
  const extract = texts.closest("article");
  const heading = extract?.querySelector(".section")?.textContent;
  const bar = document.createElement("div");
  bar.className = "copy-bar";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", heading ? `Copy with source: ${heading}` : "Copy with source");
  const said = document.createElement("span");
  said.className = "said";
  said.setAttribute("role", "status");
  const buttons = [...texts.querySelectorAll("pre[data-copy]")].map((text, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy-button";
    button.textContent = text.dataset.copy;
    if (heading) button.setAttribute("aria-label", `${text.dataset.copy}: ${heading}`);
    button.tabIndex = place ? -1 : 0;
    button.addEventListener("click", () => copy(text, said));
    return button;
  });
  bar.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const step = event.key === "ArrowRight" ? 1 : buttons.length - 1;
    const next = buttons[(buttons.indexOf(document.activeElement) + step) % buttons.length];
    buttons.forEach((button) => { button.tabIndex = button === next ? 0 : -1; });
    next.focus();
  });
  bar.append(...buttons, said);
  // An extract has two tab stops at most: where its first words are folded, the buttons wait inside.
  const folded = extract?.querySelector(".before > summary")?.checkVisibility();
  (folded ? texts : texts.closest(".origin") ?? texts).before(bar);
}

async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text.textContent);
    said.textContent = "Copied";
  } catch {
    text.closest("details")?.setAttribute("open", "");
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

document.querySelectorAll(".copy").forEach(addCopyButtons);
document.querySelectorAll("#q").forEach((box) => {
  countCharacters(box);
  askOnEnter(box);
  growWithWords(box);
});
document.addEventListener("keydown", focusSearchOnSlash);
