// Cuts a square from a picture, by dragging or by three sliders.
import { make } from './dom.js';

for (const box of document.querySelectorAll('[data-js="crop"]')) {
  const input = box.querySelector('input'), { textCanvas, textZoom, textX, textY } = box.dataset, size = 512;
  const canvas = make('canvas', { width: size, height: size, role: 'img', 'aria-label': textCanvas });
  const slider = (min, max) => make('input', { type: 'range', min, max, step: 'any', oninput: draw, onchange: save });
  const zoom = slider(1, 4), x = slider(0, 1), y = slider(0, 1);
  const panel = make('div', { className: 'crop', hidden: true }, canvas, make('label', {}, textZoom, zoom), make('label', {}, textX, x), make('label', {}, textY, y));
  let picture, name;
  box.append(panel);

  const side = () => Math.min(picture.width, picture.height) / zoom.value;
  function draw() {
    const s = side(), pen = canvas.getContext('2d');
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, size, size);
    pen.drawImage(picture, (picture.width - s) * x.value, (picture.height - s) * y.value, s, s, 0, 0, size, size);
  }
  function save() {
    canvas.toBlob(blob => {
      const files = new DataTransfer();
      files.items.add(new File([blob], name, { type: blob.type }));
      input.files = files.files;
    }, 'image/jpeg', .9);
  }
  canvas.onpointerdown = event => canvas.setPointerCapture(event.pointerId);
  canvas.onpointermove = event => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    const s = side(), scale = s / canvas.clientWidth;
    x.value -= event.movementX * scale / Math.max(1, picture.width - s);
    y.value -= event.movementY * scale / Math.max(1, picture.height - s);
    draw();
  };
  canvas.onlostpointercapture = save;
  input.addEventListener('change', async () => {
    const file = input.files[0];
    panel.hidden = true;
    if (!file) return;
    try { picture = await createImageBitmap(file); } catch { return; }   // not a picture we can cut: send it as it is
    name = file.name.replace(/\.\w+$/, '') + '.jpg';
    zoom.value = 1;
    x.value = y.value = .5;
    panel.hidden = false;
    draw();
    save();
  });
}
