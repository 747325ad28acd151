(() => {
  "use strict";
  const WORDS = {
    en: {
      seed: "seed", another: "another seed", count: "how many", label: "class", any: "one after another", truncation: "truncation",
      code: "code", direction: "direction", sentence: "caption", source: "a picture of yours", save: "save the picture",
      level: "back to the middle", loading: "loading the model …", fetching: "fetching onnxruntime-web …", drawing: "drawing …",
      drawn: (n, ms) => `${n} drawn in ${ms} ms, on this machine alone`, none: "none", failed: "It does not work here: ",
      canvas: "Samples of the model", choose: "choose a picture to be translated",
      note: "Everything is computed in your browser; nothing you do is sent anywhere. Seeds mean the same on every machine here, but not the same as in gansmith sample.",
    },
    ko: {
      seed: "시드", another: "다른 시드", count: "개수", label: "클래스", any: "차례로 하나씩", truncation: "절단(truncation)",
      code: "코드", direction: "방향", sentence: "설명 문장", source: "내 사진", save: "그림 저장",
      level: "가운데로 되돌리기", loading: "모델을 불러오는 중 …", fetching: "onnxruntime-web을 받는 중 …", drawing: "그리는 중 …",
      drawn: (n, ms) => `${n}장을 ${ms} ms에 그렸습니다. 모두 이 컴퓨터에서만 계산했습니다`, none: "없음", failed: "여기서는 작동하지 않습니다: ",
      canvas: "모델이 만든 샘플", choose: "바꿀 사진을 고르세요",
      note: "모든 계산은 브라우저 안에서 이루어지며 아무것도 밖으로 보내지 않습니다. 시드는 어느 컴퓨터에서나 같은 그림을 뜻하지만 gansmith sample의 시드와는 다릅니다.",
    },
  };
  const korean = (navigator.language || "en").toLowerCase().startsWith("ko");
  const say = WORDS[korean ? "ko" : "en"];
  document.documentElement.lang = korean ? "ko" : "en";
  const find = (id) => document.getElementById(id);
  const about = JSON.parse(find("about").textContent);
  const [canvas, form, state] = ["canvas", "wishes", "state"].map(find);
  canvas.setAttribute("aria-label", say.canvas);
  find("note").textContent = say.note;

  // Chance: a counter hashed to 32 bits (murmur3's finaliser), so that sample i of a seed is the same however many are drawn.
  const stream = (seed, sample) => {
    let place = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(sample + 1, 0x85ebca77)) >>> 0;
    return () => {
      place = (place + 0x6d2b79f5) >>> 0;
      let x = place;
      x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
      x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
      return ((x ^ (x >>> 16)) >>> 0) / 4294967296;
    };
  };
  const normal = (chance) => Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
  const row = (kind, size, seed, sample) => {
    const chance = stream(seed, sample);
    const one = kind === "uniform" ? () => 2 * chance() - 1 : kind === "chance" ? chance : () => normal(chance);
    const values = Float32Array.from({ length: size }, one);
    return kind === "spherical" ? onSphere(values) : values;
  };
  const onSphere = (values) => {
    const length = Math.hypot(...values);
    return values.map((value) => (value * Math.sqrt(values.length)) / length);
  };
  const product = (shape) => shape.reduce((a, b) => a * b, 1);

  const wishes = { seed: 1, count: about.count, label: -1, truncation: about.truncation, sentence: 0, amounts: [], code: [], image: null };

  const makers = {
    label: (input, count) => BigInt64Array.from({ length: count }, (_, i) =>
      BigInt(wishes.label < 0 ? i % Math.max(1, about.classes.length) : wishes.label)),
    truncation: () => Float32Array.of(wishes.truncation),
    sentence: (input, count) => repeated(about.sentences.vectors[wishes.sentence], count),
    code: (input, count) => repeated(codeRow(), count),
    image: () => wishes.image.values,
  };
  const repeated = (values, count) => {
    const all = new Float32Array(values.length * count);
    for (let i = 0; i < count; i++) all.set(values, i * values.length);
    return all;
  };
  const codeRow = () => {
    const values = [];
    about.code.categories.forEach((most, place) => {
      for (let i = 0; i < most; i++) values.push(i === wishes.code[place] ? 1 : 0);
    });
    return values.concat(wishes.code.slice(about.code.categories.length));
  };
  const random = (input, count) => {
    const size = product(input.shape), all = new Float32Array(size * count);
    for (let i = 0; i < count; i++) {
      let values = row(input.kind, size, wishes.seed, i);
      if (input.name === "latent" && wishes.amounts.some(Boolean)) {
        wishes.amounts.forEach((amount, k) => about.directions[k].forEach((d, j) => { values[j] += amount * d; }));
        if (input.kind === "spherical") values = onSphere(values);
      }
      all.set(values, i * size);
    }
    return all;
  };
  const tensors = (count) => Object.fromEntries(about.inputs.map((input) => {
    const data = (makers[input.kind] || random)(input, count);
    const shape = input.kind === "truncation" ? [] : input.kind === "image" ? wishes.image.shape : [count, ...input.shape];
    return [input.name, new ort.Tensor(input.kind === "label" ? "int64" : "float32", data, shape)];
  }));

  const pixels = (data, offset, [channels, height, width]) => {
    const image = new ImageData(width, height), plane = height * width;
    const level = (c, p) => Math.round((Math.min(1, Math.max(-1, data[offset + c * plane + p])) + 1) * 127.5);
    for (let p = 0; p < plane; p++) {
      const colour = channels > 2;
      for (let c = 0; c < 3; c++) image.data[4 * p + c] = level(colour ? c : 0, p);
      image.data[4 * p + 3] = channels % 2 ? 255 : level(channels - 1, p);
    }
    return image;
  };
  const showImages = (images) => {
    const { width, height } = images[0], gap = 2, columns = Math.ceil(Math.sqrt(images.length * height / width));
    canvas.width = columns * (width + gap) - gap;
    canvas.height = Math.ceil(images.length / columns) * (height + gap) - gap;
    const context = canvas.getContext("2d");
    images.forEach((image, i) => context.putImageData(image, (i % columns) * (width + gap), Math.floor(i / columns) * (height + gap)));
  };
  const showPoints = (data, count, size) => {
    canvas.width = canvas.height = 640;
    const context = canvas.getContext("2d"), unit = (value, k) => about.mean[k] + about.scale[k] * value;
    const at = Array.from({ length: count }, (_, i) => [unit(data[i * size], 0), unit(data[i * size + 1], 1)]);
    const [low, high] = [Math.min, Math.max].map((pick) => [0, 1].map((k) => at.reduce((a, p) => pick(a, p[k]), at[0][k])));
    const place = (p, k) => 40 + 560 * (p[k] - low[k]) / (high[k] - low[k] || 1);
    const style = getComputedStyle(document.body);
    context.fillStyle = style.getPropertyValue("--accent");
    at.forEach((p) => context.fillRect(place(p, 0) - 1.5, 640 - place(p, 1) - 1.5, 3, 3));
    context.fillStyle = style.color;
    context.font = "14px system-ui";
    context.fillText(`${about.columns[0]}: ${low[0].toPrecision(4)} – ${high[0].toPrecision(4)}`, 40, 632);
    context.fillText(`${about.columns[1]}: ${low[1].toPrecision(4)} – ${high[1].toPrecision(4)}`, 8, 18);
  };

  let session = null, busy = false, again = false;
  const draw = async () => {
    if (!session) return;
    if (busy) { again = true; return; }
    const translates = about.inputs.some((input) => input.kind === "image");
    if (translates && !wishes.image) { state.textContent = say.choose; return; }
    busy = true;
    state.textContent = say.drawing;
    try {
      const count = translates ? 1 : wishes.count, begun = performance.now();
      const made = (await session.run(tensors(count))).samples;
      const spent = Math.round(performance.now() - begun);
      if (about.kind === "points") showPoints(made.data, count, made.dims[1]);
      else {
        const shape = made.dims.slice(1), size = product(shape);
        const images = Array.from({ length: count }, (_, i) => pixels(made.data, i * size, shape));
        showImages(translates ? [pixels(wishes.image.values, 0, wishes.image.shape.slice(1)), ...images] : images);
      }
      window.gansmith = { made: made.data, dims: made.dims, tensors: tensors(count), wishes };
      state.textContent = say.drawn(count, spent);
      document.body.dataset.state = "drawn";
    } catch (error) {
      state.textContent = say.failed + error.message;
      document.body.dataset.state = "failed";
    }
    busy = false;
    if (again) { again = false; draw(); }
  };

  const field = (name, control, shown) => {
    const label = document.createElement("label"), line = document.createElement("span"), told = document.createElement("output");
    line.append(name, told);
    label.append(line, control);
    form.append(label);
    const tell = () => { told.textContent = shown ? shown() : ""; };
    control.addEventListener("input", () => { tell(); draw(); });
    tell();
    return control;
  };
  const range = (name, low, high, step, value, set, shown) => {
    const control = Object.assign(document.createElement("input"), { type: "range", min: low, max: high, step, value });
    control.addEventListener("input", () => set(Number(control.value)));
    return field(name, control, () => (shown || String)(Number(control.value)));
  };
  const choice = (name, options, set) => {
    const control = document.createElement("select");
    options.forEach(([value, text]) => control.append(Object.assign(document.createElement("option"), { value, textContent: text })));
    control.addEventListener("input", () => set(Number(control.value)));
    return field(name, control);
  };
  const button = (name, act) => {
    const control = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    control.addEventListener("click", act);
    return control;
  };

  const build = () => {
    const kinds = new Set(about.inputs.map((input) => input.kind));
    if (kinds.has("image")) {
      const input = about.inputs.find((one) => one.kind === "image");
      const control = Object.assign(document.createElement("input"), { type: "file", accept: "image/*" });
      control.addEventListener("input", async () => {
        if (!control.files.length) return;
        wishes.image = await read(await createImageBitmap(control.files[0]), input);
        draw();
      });
      field(say.source, control);
    } else {
      const seed = Object.assign(document.createElement("input"), { type: "number", min: 0, max: 2 ** 31, step: 1, value: wishes.seed });
      seed.addEventListener("input", () => { wishes.seed = Math.floor(Number(seed.value)) || 0; });
      field(say.seed, seed);
      const line = document.createElement("div");
      line.className = "row";
      line.append(button(say.another, () => { wishes.seed = seed.value = Math.floor(Math.random() * 2 ** 31); draw(); }));
      form.append(line);
      if (about.kind === "images") range(say.count, 1, about.most, 1, wishes.count, (value) => { wishes.count = value; });
    }
    if (about.classes.length) choice(say.label, [[-1, say.any], ...about.classes.map((name, i) => [i, name])], (value) => { wishes.label = value; });
    if (about.sentences) choice(say.sentence, about.sentences.texts.map((text, i) => [i, text]), (value) => { wishes.sentence = value; });
    if (kinds.has("truncation")) range(say.truncation, 0, about.loosest, 0.05, wishes.truncation, (value) => { wishes.truncation = value; });
    if (about.code) {
      wishes.code = [...about.code.categories.map(() => 0), ...Array(about.code.continuous).fill(0)];
      about.code.categories.forEach((most, k) => range(`${say.code} k${k + 1}`, 0, most - 1, 1, 0, (value) => { wishes.code[k] = value; }));
      for (let k = 0; k < about.code.continuous; k++) {
        range(`${say.code} c${k + 1}`, -2, 2, 0.1, 0, (value) => { wishes.code[about.code.categories.length + k] = value; });
      }
    }
    wishes.amounts = about.directions.map(() => 0);
    const sliders = about.directions.map((_, k) => range(`${say.direction} ${k + 1}`, -3, 3, 0.1, 0, (value) => { wishes.amounts[k] = value; }));
    const line = document.createElement("div");
    line.className = "row";
    if (sliders.length) line.append(button(say.level, () => sliders.forEach((one) => { one.value = 0; one.dispatchEvent(new Event("input")); })));
    line.append(button(say.save, () => {
      Object.assign(document.createElement("a"), { href: canvas.toDataURL("image/png"), download: `${about.name}.png` }).click();
    }));
    form.append(line);
    form.addEventListener("submit", (event) => event.preventDefault());
  };

  const read = async (bitmap, input) => {
    const [channels, , ] = about.shape, step = input.multiple;
    let [height, width] = about.shape.slice(1);
    if (step) {
      const scale = Math.min(1, 512 / Math.max(bitmap.width, bitmap.height));
      [height, width] = [bitmap.height, bitmap.width].map((side) => Math.max(step, Math.round(side * scale / step) * step));
    }
    const sheet = new OffscreenCanvas(width, height), context = sheet.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height), plane = height * width;
    const values = new Float32Array(channels * plane);
    for (let p = 0; p < plane; p++) {
      const [r, g, b] = [0, 1, 2].map((c) => data[4 * p + c]), grey = 0.299 * r + 0.587 * g + 0.114 * b;
      for (let c = 0; c < channels; c++) values[c * plane + p] = (channels % 2 === 0 && c === channels - 1 ? 255 : channels < 3 ? grey : [r, g, b][c]) / 127.5 - 1;
    }
    return { values, shape: [1, channels, height, width] };
  };

  const bytes = (id) => Uint8Array.from(atob(find(id).textContent), (letter) => letter.charCodeAt(0));
  const script = (source) => new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement("script"), source, { onload: resolve, onerror: () => reject(new Error(source.src)) });
    document.head.append(element);
  });
  const address = (data) => URL.createObjectURL(new Blob([data], { type: "text/javascript" }));
  const fetched = async ({ url, integrity }) => {
    const answer = await fetch(url, { integrity });
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  };
  const start = async () => {
    build();
    try {
      state.textContent = about.runtime ? say.fetching : say.loading;
      if (about.runtime) await script({ src: about.runtime.js.url, integrity: about.runtime.js.integrity, crossOrigin: "anonymous" });
      else await script({ src: address(bytes("ort-js")) });
      const [mjs, wasm] = about.runtime ? await Promise.all([fetched(about.runtime.mjs), fetched(about.runtime.wasm)]) : [bytes("ort-mjs"), bytes("ort-wasm")];
      state.textContent = say.loading;
      Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: wasm, wasmPaths: { mjs: address(mjs) } });
      session = await ort.InferenceSession.create(bytes("model"), { executionProviders: ["wasm"] });
      draw();
    } catch (error) {
      state.textContent = say.failed + error.message;
      document.body.dataset.state = "failed";
    }
  };
  start();
})();
