/* What every page shares: files of data, numbers, links, the search. */
"use strict";

const metabolisme = (() => {
  const root = document.body.dataset.root;
  const here = document.body.dataset.here;
  const waiting = new Map();
  const { ui, words, lang } = texts;

  // A page opened from a folder may not read files, only run scripts: each file of data is one, that hands itself over.
  function load(name) {
    if (!waiting.has(name)) {
      let hand;
      const content = new Promise((resolve, reject) => { hand = { resolve, reject }; });
      waiting.set(name, { content, ...hand });
      const script = document.createElement("script");
      script.src = `${root}data/${name.split("/").map(encodeURIComponent).join("/")}.js`;
      script.onerror = () => hand.reject(new Error(ui.lost_data.replace("{}", `data/${name}.js`)));
      document.head.append(script);
    }
    return waiting.get(name).content;
  }

  async function got(name, packed) {
    const one = waiting.get(name);
    try {
      const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
      const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      one.resolve(await new Response(plain).json());
    } catch {
      one.reject(new Error(ui.lost_data.replace("{}", `data/${name}.js`)));
    }
  }

  let vega;
  function loadVega() {
    vega ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${root}assets/vega.js`;
      script.onload = resolve;
      script.onerror = () => reject(new Error(ui.lost_data.replace("{}", "assets/vega.js")));
      document.head.append(script);
    });
    return vega;
  }

  /* An element: its name with classes, its attributes, what it holds. Text stays text. */
  function el(name, attributes = {}, ...content) {
    const [tag, ...classes] = name.split(".");
    const made = document.createElement(tag);
    if (classes.length) made.className = classes.join(" ");
    for (const [key, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(key, value);
    made.append(...content.flat().filter((one) => one !== null && one !== undefined && one !== ""));
    return made;
  }

  function notice(error) {
    return el("p.notice", { role: "alert" }, error.message);
  }

  const formats = [0, 1, 2].map((digits) => new Intl.NumberFormat(lang === "fr" ? "fr-FR" : "en-GB", {
    maximumFractionDigits: digits, roundingMode: "halfEven",
  }));
  function number(value) {
    const size = Math.abs(value);
    return formats[size >= 1000 ? 0 : size >= 10 ? 1 : 2].format(value).replace("-", "\u2212").replace(/^\u22120$/, "0");
  }
  const percent = (share) => words.percent.replace("{}", number(100 * share));
  function interval({ low, high }) {
    if (low === null) return "";
    if (high === null) return words.interval.at_least.replace("{}", number(low));
    return number(low) === number(high) ? "" : words.interval.between.replace("{}", number(low)).replace("{}", number(high));
  }

  const fileName = (code) => code.replace(/[^A-Za-z0-9_-]/gu, (sign) => `~${sign.codePointAt(0).toString(16)}~`);
  const codeOf = (name) => name.replace(/~([0-9a-f]+)~/g, (sign, point) => (parseInt(point, 16) <= 0x10ffff ? String.fromCodePoint(parseInt(point, 16)) : sign));
  function address(level, code) {
    const paged = texts.paged.includes(level);
    return `${here}${paged ? `${level}/${fileName(code)}.html` : `place.html#${level}/${fileName(code)}`}`;
  }
  function placeLink(level, code, name) {
    return texts.nowhere.includes(level) ? name : el("a", { href: address(level, code) }, name);
  }
  function evidence(letter) {
    const id = Object.keys(words.evidence).find((one) => one[0] === letter);
    return el(`i.${id}`, {}, words.evidence[id]);
  }

  /* The rows of a part of a file of data (a list of columns, codes first) that are of one territory, or all of them. */
  function rows(part, columns, wanted = null) {
    const names = ["code", ...texts.columns[part]];
    const found = [];
    (columns[0] ?? []).forEach((code, i) => {
      if (wanted !== null && code !== wanted) return;
      const row = Object.fromEntries(names.map((name, j) => [name, columns[j][i]]));
      if (typeof row.indicator === "number") [row.indicator, row.label, row.indicator_unit, row.of] = texts.indicators[row.indicator];
      if (typeof row.need === "number") [row.need, row.need_label, row.need_unit, row.of] = texts.needs[row.need];
      found.push(row);
    });
    return found;
  }

  async function fileOf({ level, code }) {
    const names = await load("search");
    const known = Object.hasOwn(names, level) ? names[level].find(([one]) => one === code) : null;
    return known ? `${level}/${fileName(level === "commune" ? known[2] : code)}` : null;
  }

  /* What is known of a territory: its facts, and its rows of each part. That of a commune is in its département's file. */
  async function place(level, code) {
    const file = await fileOf({ level, code });
    if (!file) return null;
    const { places, ...parts } = await load(file);
    if (!places[code]) return null;
    return { ...places[code], ...Object.fromEntries(Object.entries(parts).map(([part, columns]) => [part, rows(part, columns, code)])) };
  }

  function save(name, lines) {
    const quoted = (cell) => (/[",\n]/.test(cell ?? "") ? `"${String(cell).replaceAll('"', '""')}"` : cell ?? "");
    const text = lines.map((line) => line.map(quoted).join(",")).join("\n");
    const link = el("a", { href: URL.createObjectURL(new Blob(["\ufeff", text, "\n"], { type: "text/csv" })), download: name });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // --- the search: accents, case and small errors forgiven ---

  const plain = (text) => text.toLowerCase().replaceAll("œ", "oe").replaceAll("æ", "ae").normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9]+/g, " ").trim();
  function pairsOf(text) {
    const pairs = new Set();
    for (const word of text.split(" ")) for (let i = -1; i < word.length; i++) pairs.add(`${word[i] ?? "^"}${word[i + 1] ?? "$"}`);
    return pairs;
  }
  let index;
  async function find(asked, levels = null, most = 12) {
    index ??= Object.entries(await load("search")).flatMap(([level, places]) => places.map(([code, name]) => ({
      level, code, name, plain: plain(name),
    })));
    const wanted = plain(asked);
    if (!wanted) return [];
    const among = levels ? index.filter((one) => levels.includes(one.level)) : index;
    const order = ["epci", "commune", "departement", "region"];
    const byRank = (a, b) => a[0] - b[0] || rank(a[1].level) - rank(b[1].level);
    const rank = (level) => (order.includes(level) ? order.indexOf(level) : order.length);
    let found = [];
    for (const one of among) {
      const at = one.plain.indexOf(wanted);
      if (one.plain === wanted || one.code.toLowerCase() === asked.trim().toLowerCase()) found.push([0, one]);
      else if (at === 0) found.push([1, one]);
      else if (at > 0) found.push([one.plain[at - 1] === " " ? 2 : 3, one]);
    }
    if (!found.length) {
      // Pairs of letters in common (Dice): a letter wrong, missing or too many changes two or three of them.
      const pairs = pairsOf(wanted);
      for (const one of among) {
        if (Math.abs(one.plain.length - wanted.length) > 12) continue;
        const theirs = pairsOf(one.plain);
        let common = 0;
        for (const pair of pairs) common += theirs.has(pair);
        const alike = (2 * common) / (pairs.size + theirs.size);
        if (alike > 0.5) found.push([10 - 9 * alike, one]);
      }
    }
    return found.sort(byRank).slice(0, most).map(([, one]) => one);
  }

  /* A field that finds a territory, as the ARIA pattern of a combobox; `chosen` is called with the one chosen. */
  function finder(input, chosen, levels = null) {
    const list = el("ul.options", { role: "listbox", id: `${input.id}-options`, "aria-label": ui.search, hidden: "" });
    const said = el("span.hidden", { role: "status" });
    const frame = el("span.finder");
    input.replaceWith(frame);
    frame.append(input, list, said);
    for (const [key, value] of Object.entries({
      role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list",
    })) input.setAttribute(key, value);
    let found = [];
    let at = -1;
    function show(open) {
      list.hidden = !open;
      input.setAttribute("aria-expanded", String(open));
      if (!open) input.removeAttribute("aria-activedescendant");
    }
    function point(to) {
      at = (to + found.length) % found.length;
      [...list.children].forEach((one, i) => one.setAttribute("aria-selected", String(i === at)));
      list.children[at].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", list.children[at].id);
    }
    function choose(one) {
      show(false);
      input.value = one.name;
      chosen(one);
    }
    let asked = 0;
    async function look() {
      const mine = ++asked;
      try {
        const matching = await find(input.value, levels);
        if (mine !== asked) return;
        found = matching;
      } catch (error) {
        said.textContent = error.message;
        list.replaceChildren(el("li", { role: "option", "aria-selected": "false" }, error.message));
        show(true);
        return;
      }
      at = -1;
      list.replaceChildren(...found.map((one, i) => {
        const option = el("li", { role: "option", id: `${list.id}-${i}`, "aria-selected": "false" },
          one.name, " ", el("small", {}, `${texts.levels[one.level]} ${one.code}`));
        option.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(one); });
        return option;
      }));
      if (!found.length && input.value.trim()) list.replaceChildren(el("li", { role: "option", "aria-selected": "false" }, ui.search_none));
      said.textContent = found.length ? (found.length === 1 ? ui.search_found_one : ui.search_found.replace("{}", found.length)) : input.value.trim() ? ui.search_none : "";
      show(Boolean(input.value.trim()));
    }
    input.addEventListener("input", look);
    input.addEventListener("keydown", async (event) => {
      if (event.key === "ArrowDown" && found.length) { event.preventDefault(); show(true); point(at + 1); }
      if (event.key === "ArrowUp" && found.length) { event.preventDefault(); point(at - 1); }
      if (event.key === "Escape") show(false);
      if (event.key === "Enter") {
        event.preventDefault();
        if (!found.length) await look();
        if (found.length) choose(found[Math.max(at, 0)]);
      }
    });
    input.addEventListener("blur", () => show(false));
  }

  const search = document.querySelector("[data-search]");
  finder(search, ({ level, code }) => { location.href = address(level, code); });
  search.form.addEventListener("submit", (event) => event.preventDefault());
  for (const link of document.querySelectorAll("[data-keep-hash]")) {
    link.addEventListener("click", () => { if (location.hash) link.href = link.href.split("#")[0] + location.hash; });
  }
  // The hash names what a page shows: to skip to the content must not change it.
  document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); document.getElementById("content").focus(); });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });

  return {
    root, here, ui, words, load, got, loadVega, el, notice, number, percent, interval, fileName, codeOf, address,
    placeLink, evidence, rows, fileOf, place, save, finder,
  };
})();
