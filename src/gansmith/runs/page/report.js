(() => {
  const data = document.getElementById("film");
  if (!data) return;
  const film = JSON.parse(data.textContent);
  const [image, when, player, play, place] = ["frame", "when", "player", "play", "place"].map((id) => document.getElementById(id));
  let timer = null;

  const show = (index) => {
    const frame = film[index];
    place.value = index;
    place.setAttribute("aria-valuetext", frame.words);
    image.src = frame.source;
    when.textContent = frame.words;
    for (const chart of document.querySelectorAll(".chart")) {
      const { low, high, left, right } = chart.dataset;
      const share = Math.min(1, Math.max(0, (frame.seen - low) / (high - low)));
      const line = chart.querySelector(".now");
      line.setAttribute("transform", `translate(${(1 - share) * (left - right)})`);
      line.setAttribute("visibility", index < film.length - 1 ? "visible" : "hidden");
    }
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ Play";
  };
  const start = () => {
    show(Number(place.value) < film.length - 1 ? Number(place.value) : 0);
    play.textContent = "❚❚ Pause";
    timer = setInterval(() => {
      show(Number(place.value) + 1);
      if (Number(place.value) === film.length - 1) stop();
    }, 180);
  };
  play.addEventListener("click", () => (timer ? stop() : start()));
  place.addEventListener("input", () => { stop(); show(Number(place.value)); });
  player.hidden = false;
})();
