// SPDX-License-Identifier: AGPL-3.0-or-later
// A picture taken or pasted, with rectangles drawn over what nobody else should see. The rectangles go along as
// JSON in pixels of the picture; the server blacks them out. Pointer and keyboard do the same things.

const STEP = 8;
const MAX_SIDE = 1600;

export function wakePictures(root) {
  for (const box of root.querySelectorAll("[data-picture]:not([data-awake])")) {
    box.dataset.awake = "";
    new Picture(box);
  }
}

class Picture {
  constructor(box) {
    this.box = box;
    this.input = box.querySelector("input[type=file]");
    this.field = box.querySelector("input[type=hidden]");
    this.work = box.querySelector(".pw-picture__work");
    this.canvas = box.querySelector("canvas");
    this.status = box.querySelector("[role=status]");
    this.kept = [];
    this.draft = null;
    this.input.addEventListener("change", () => this.load(this.input.files[0]));
    document.addEventListener("paste", (event) => this.paste(event));
    box.addEventListener("dragover", (event) => event.preventDefault());
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      this.take([...event.dataTransfer.files]);
    });
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", () => this.keep());
    this.canvas.addEventListener("pointercancel", () => this.drop());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    box.querySelector("[data-add]").addEventListener("click", () => this.begin());
    box.querySelector("[data-undo]").addEventListener("click", () => this.undo());
    box.querySelector("[data-clear]").addEventListener("click", () => this.clear());
    if (this.input.files.length) this.load(this.input.files[0]);
  }

  paste(event) {
    const others = document.querySelectorAll("[data-picture]");
    const near = this.box.contains(document.activeElement) || others.length === 1 ||
      this.box.closest("form")?.contains(document.activeElement);
    if (near && this.take([...event.clipboardData.files])) event.preventDefault();
  }

  take(files) {
    const file = files.find((one) => /^image\/(png|jpeg|webp)$/.test(one.type));
    if (!file) return false;
    const transfer = new DataTransfer();
    transfer.items.add(file);
    this.input.files = transfer.files;
    this.load(file);
    return true;
  }

  async load(file) {
    this.kept = [];
    this.draft = null;
    if (!file) return this.clear();
    try {
      this.image = await createImageBitmap(file);
    } catch {
      return this.clear();
    }
    const scale = Math.min(1, MAX_SIDE / Math.max(this.image.width, this.image.height));
    this.canvas.width = Math.round(this.image.width * scale);
    this.canvas.height = Math.round(this.image.height * scale);
    this.scale = scale;
    this.work.hidden = false;
    this.draw();
  }

  clear() {
    this.input.value = "";
    this.kept = [];
    this.draft = null;
    this.work.hidden = true;
    this.write();
    this.input.focus();
  }

  at(event) {
    const frame = this.canvas.getBoundingClientRect();
    return {
      x: Math.max(0, Math.min(this.canvas.width, (event.clientX - frame.left) * this.canvas.width / frame.width)),
      y: Math.max(0, Math.min(this.canvas.height, (event.clientY - frame.top) * this.canvas.height / frame.height)),
    };
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.start = this.at(event);
    this.draft = { ...this.start, w: 0, h: 0 };
  }

  move(event) {
    if (!this.start || !this.draft) return;
    const now = this.at(event);
    this.draft = {
      x: Math.min(this.start.x, now.x), y: Math.min(this.start.y, now.y),
      w: Math.abs(now.x - this.start.x), h: Math.abs(now.y - this.start.y),
    };
    this.draw();
  }

  begin() {
    const w = this.canvas.width / 4;
    const h = this.canvas.height / 10;
    this.draft = { x: (this.canvas.width - w) / 2, y: (this.canvas.height - h) / 2, w, h };
    this.canvas.focus();
    this.draw();
  }

  keep() {
    this.start = null;
    if (this.draft && this.draft.w >= 4 && this.draft.h >= 4) this.kept.push(this.draft);
    this.drop();
  }

  drop() {
    this.start = null;
    this.draft = null;
    this.draw();
  }

  undo() {
    if (this.draft) return this.drop();
    this.kept.pop();
    this.draw();
  }

  key(event) {
    const d = this.draft;
    const step = event.altKey ? 1 : STEP;
    const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (way) {
      if (!d) this.begin();
      else if (event.shiftKey) {
        d.w = Math.max(4, Math.min(this.canvas.width - d.x, d.w + way[0]));
        d.h = Math.max(4, Math.min(this.canvas.height - d.y, d.h + way[1]));
      } else {
        d.x = Math.max(0, Math.min(this.canvas.width - d.w, d.x + way[0]));
        d.y = Math.max(0, Math.min(this.canvas.height - d.h, d.y + way[1]));
      }
      this.draw();
    } else if (event.key === "Enter" || event.key === " ") {
      if (d) this.keep();
      else this.begin();
    } else if (event.key === "Backspace" || event.key === "Delete") this.undo();
    else if (event.key === "Escape" && d) this.drop();
    else return;
    event.preventDefault();
  }

  draw() {
    if (!this.image) return this.write();
    const paint = this.canvas.getContext("2d");
    paint.drawImage(this.image, 0, 0, this.canvas.width, this.canvas.height);
    paint.fillStyle = "#000";
    for (const r of this.kept) paint.fillRect(r.x, r.y, r.w, r.h);
    if (this.draft) {
      paint.fillStyle = "rgb(0 0 0 / 60%)";
      paint.fillRect(this.draft.x, this.draft.y, this.draft.w, this.draft.h);
      paint.lineWidth = 3;
      paint.strokeStyle = "#f2b64c";
      paint.strokeRect(this.draft.x, this.draft.y, this.draft.w, this.draft.h);
    }
    this.write();
  }

  write() {
    // Outward to whole pixels of the picture: nothing under an edge may stay readable.
    const whole = this.kept.map((r) => {
      const x = Math.floor(r.x / this.scale);
      const y = Math.floor(r.y / this.scale);
      const right = Math.min(this.image.width, Math.ceil((r.x + r.w) / this.scale));
      const bottom = Math.min(this.image.height, Math.ceil((r.y + r.h) / this.scale));
      return { x, y, w: right - x, h: bottom - y };
    });
    this.field.value = JSON.stringify(whole);
    const { one, many, none } = this.status.dataset;
    const words = whole.length === 0 ? none : whole.length === 1 ? one : many.replace("%n", String(whole.length));
    if (this.status.textContent !== words) this.status.textContent = words;
  }
}
