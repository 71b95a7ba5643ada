/* Maps and charts, drawn by Vega: flows around a territory, an indicator over the country, a distribution. */
"use strict";

metabolisme.maps = (() => {
  const { ui, el, load, loadVega, notice, number, percent, placeLink, evidence, rows, place, address, save } = metabolisme;
  const SHADES = ["#eef3ee", "#c3dcd0", "#8fbfae", "#4f9484", "#1f5c4d"];
  const EMPTY = "#e4e4e0";
  const FLAT = { type: "identity", reflectY: true };

  async function draw(frame, spec, width) {
    await loadVega();
    const given = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", background: null, width, ...spec };
    return vegaEmbed(frame, given, { actions: false, renderer: "svg", mode: "vega-lite" });
  }

  function corners([west, south, east, north]) {
    return { type: "Feature", geometry: { type: "MultiPoint", coordinates: [[west, south], [east, north]] } };
  }
  function boxOf(shape) {
    const points = shape.geometry.coordinates.flat(shape.geometry.type === "Polygon" ? 1 : 2);
    const [xs, ys] = [0, 1].map((i) => points.map((point) => point[i]));
    return corners([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]);
  }

  const named = (label, control) => el("p", {}, el("label", { for: control.id }, label), " ", control);
  function select(id, options) {
    return el("select", { id }, options.map(([value, text]) => el("option", { value }, text)));
  }

  // --- flows around a territory ---

  async function flows(section, level, code) {
    const frame = section.querySelector(".flow-map");
    try {
      const one = await place(level, code);
      const partners = one.partners.filter((row) => row.x !== null && row.rank > 0);
      if (!one.at || !partners.length) { section.hidden = true; return; }
      // Not the territories of a commune's map: départements are enough of a ground, and light.
      const ground = await load("shapes/departement").catch(() => []);
      const needs = texts.needs.filter(([id]) => partners.some((row) => row.need === id));
      const need = select("flow-need", needs);
      const direction = select("flow-direction", [["depends_on", ui.we_depend], ["depended_on_by", ui.they_depend]]);
      const canvas = el("div.map");
      const list = el("div");
      frame.replaceChildren(el("div", {}, el("div.choices", {}, named(ui.need, need), named(ui.direction, direction)), canvas), list);
      if (!partners.some((row) => row.need === need.value && row.direction === direction.value)) direction.value = "depended_on_by";
      const show = () => flowMap(canvas, list, one, partners.filter(
        (row) => row.need === need.value && row.direction === direction.value), ground);
      need.addEventListener("change", show);
      direction.addEventListener("change", show);
      await show();
    } catch (error) {
      frame.replaceChildren(notice(error));
    }
  }

  async function flowMap(canvas, list, one, partners, ground) {
    list.replaceChildren(partners.length ? el("ol", {}, partners.map((row) => el("li", {},
      placeLink(row.partner_level, row.partner_code, row.partner_name), " ",
      el("b", {}, percent(row.share)), ` ${number(row.quantity)} ${texts.units[row.need_unit]} `, evidence(row.evidence)))) : ui.no_flow);
    const lines = partners.map((row, i) => ({ rank: i + 1,
      x: one.at[0], y: one.at[1], x2: row.x, y2: row.y, name: row.partner_name, share: row.share, said: percent(row.share),
      modelled: row.evidence !== "o", href: address(row.partner_level, row.partner_code),
    }));
    const xs = [one.at[0], ...lines.map((line) => line.x2)];
    const ys = [one.at[1], ...lines.map((line) => line.y2)];
    const [west, east, south, north] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const room = Math.max(300, 0.3 * Math.max(east - west, north - south));
    // A frame that nothing draws: the map shows what lies around the lines, not the whole country.
    const box = corners([west - room, south - room, east + room, north + room]);
    const width = Math.min(canvas.clientWidth || 640, 820);
    const colour = texts.colours[partners[0]?.of] ?? "#1f5c4d";
    const scaled = Math.max(...lines.map((line) => line.share), 0.01);
    await draw(canvas, {
      height: Math.round(width * 0.68),
      projection: { ...FLAT, fit: box, size: [width, Math.round(width * 0.68)] },
      layer: [
        { data: { values: ground }, mark: { type: "geoshape", aria: false, fill: "#fbfbf8", stroke: "#c9cfca", strokeWidth: 0.8, clip: true } },
        {
          data: { values: lines },
          mark: { type: "rule", color: colour, strokeCap: "round", opacity: 0.75, clip: true },
          encoding: {
            longitude: { field: "x", type: "quantitative" }, latitude: { field: "y", type: "quantitative" },
            longitude2: { field: "x2" }, latitude2: { field: "y2" },
            strokeWidth: { field: "share", type: "quantitative", scale: { domain: [0, scaled], range: [1, 9] }, legend: null },
            strokeDash: { condition: { test: "datum.modelled", value: [5, 6] }, value: [1, 0] },
            tooltip: [{ field: "name", title: ui.partner }, { field: "said", title: ui.share }], href: { field: "href" },
          },
        },
        {
          data: { values: lines }, mark: { type: "circle", color: colour, size: 240, opacity: 1, stroke: "#fff", clip: true },
          encoding: {
            longitude: { field: "x2", type: "quantitative" }, latitude: { field: "y2", type: "quantitative" },
            tooltip: [{ field: "name", title: ui.partner }, { field: "said", title: ui.share }], href: { field: "href" },
          },
        },
        {
          data: { values: lines },
          // Their places in the list beside: names would run over each other.
          mark: { type: "text", fontSize: 11, fontWeight: "bold", fill: "#fff", clip: true, baseline: "middle" },
          encoding: {
            longitude: { field: "x2", type: "quantitative" }, latitude: { field: "y2", type: "quantitative" },
            text: { field: "rank" }, href: { field: "href" },
            tooltip: [{ field: "name", title: ui.partner }, { field: "said", title: ui.share }],
          },
        },
        {
          data: { values: [{ x: one.at[0], y: one.at[1], name: one.name }] }, mark: { type: "circle", color: "#1d2428", size: 130 },
          encoding: { longitude: { field: "x", type: "quantitative" }, latitude: { field: "y", type: "quantitative" }, tooltip: { field: "name" } },
        },
      ],
      config: { view: { stroke: null } },
    }, width);
    const svg = canvas.querySelector("svg");
    svg?.setAttribute("role", "img");
    svg?.setAttribute("aria-label", `${ui.flow_map}: ${one.name}`);
  }

  // --- an indicator over the country ---

  function breaks(values, kind) {
    const sorted = [...values].sort((a, b) => a - b);
    const cuts = [1, 2, 3, 4].map((i) => (kind === "fixed"
      ? round(sorted[0] + (i * (sorted.at(-1) - sorted[0])) / 5)
      : round(sorted[Math.floor((i * sorted.length) / 5)])));
    return [...new Set(cuts)].filter((cut) => cut > sorted[0] && cut <= sorted.at(-1));
  }
  const round = (value) => (value === 0 ? 0 : Number(value.toPrecision(3)));

  async function valuesOf(indicator, level, departement) {
    if (level !== "commune") return (await load(`values/${indicator}`))[level] ?? {};
    const values = {};
    for (const row of rows("figures", (await load(`commune/${departement}`)).figures)) {
      if (row.indicator === indicator) values[row.code] = row.value;
    }
    return values;
  }

  async function country(form) {
    const field = (name) => form.querySelector(`[name=${name}]`);
    const names = ["indicator", "level", "departement", "frame", "classes"];
    const controls = names.map(field);
    const [indicator, level, departement, frame, classes] = controls;
    const canvas = document.querySelector("[data-canvas]");
    const legend = document.querySelector("[data-legend]");
    const table = document.querySelector("[data-values]");
    const [asked, askedLevel, askedPart] = location.hash.slice(1).split("/");
    const set = (control, value) => { if ([...control.options].some((one) => one.value === value)) control.value = value; };
    set(indicator, asked);
    set(level, askedLevel);
    set(level.value === "commune" ? departement : frame, askedPart);
    let turn = 0;
    async function show() {
      const mine = ++turn;
      form.querySelector("[data-of-departement]").hidden = level.value !== "commune";
      form.querySelector("[data-frame]").hidden = level.value === "commune";
      const at = level.value === "commune" ? `/${departement.value}` : "";
      history.replaceState(null, "", `#${indicator.value}/${level.value}${at || (frame.value && `/${frame.value}`)}`);
      try {
        const [values, shapes, regions, names] = await Promise.all([
          valuesOf(indicator.value, level.value, departement.value), load(`shapes/${level.value}${at}`),
          frame.value && !at ? load("shapes/region") : [], load("search"),
        ]);
        if (mine !== turn) return;
        const region = regions.find((one) => one.id === frame.value);
        const called = new Map(names[level.value].map(([code, name]) => [code, name]));
        await choropleth(values, shapes, called, region && boxOf(region));
      } catch (error) {
        canvas.replaceChildren(notice(error));
        legend.replaceChildren();
        table.replaceChildren();
      }
    }
    async function choropleth(values, shapes, names, box) {
      const [, label, unitId] = texts.indicators.find(([id]) => id === indicator.value);
      const unit = texts.units[unitId];
      const known = Object.values(values);
      const cuts = known.length ? breaks(known, classes.value) : [];
      const shades = SHADES.slice(SHADES.length - cuts.length - 1);
      const classOf = (value) => cuts.filter((cut) => value >= cut).length;
      for (const shape of shapes) {
        const value = values[shape.id];
        shape.name = names.get(shape.id) ?? shape.id;
        shape.said = value === undefined ? ui.no_value : `${number(value)} ${unit}`;
        shape.fill = value === undefined ? EMPTY : shades[classOf(value)];
        shape.href = address(level.value, shape.id);
      }
      const width = Math.min(canvas.clientWidth - 2 || 640, 900);
      const height = Math.round(width * 0.92);
      await draw(canvas, {
        height, projection: box ? { ...FLAT, fit: box, size: [width, height] } : FLAT, data: { values: shapes },
        mark: { type: "geoshape", stroke: "#fff", strokeWidth: shapes.length > 400 && !box ? 0.3 : 0.8, cursor: "pointer", clip: true },
        encoding: {
          fill: { field: "fill", type: "nominal", scale: null },
          tooltip: [{ field: "name", title: texts.levels[level.value] }, { field: "said", title: label }],
          href: { field: "href" },
        },
        config: { view: { stroke: null } },
      }, width);
      const svg = canvas.querySelector("svg");
      svg?.setAttribute("role", "img");
      svg?.setAttribute("aria-label", `${label}, ${texts.levels[level.value]}`);
      const ends = known.length ? [Math.min(...known), ...cuts, Math.max(...known)] : [];
      const counts = shades.map((_, i) => known.filter((value) => classOf(value) === i).length);
      legend.replaceChildren(
        el("h2", {}, label), el("p.help", {}, unit), el("ul", { "aria-label": ui.legend },
          known.length ? shades.map((shade, i) => el("li", {}, el("span.swatch", { style: `background:${shade}` }),
            `${ui.from_to.replace("{}", number(ends[i])).replace("{}", number(ends[i + 1]))} (${counts[i]})`)) : null,
          el("li", {}, el("span.swatch", { style: `background:${EMPTY}` }), `${ui.no_value} (${shapes.filter((one) => one.fill === EMPTY).length})`)),
        el("p", {}, el("a", { href: `${metabolisme.here}indicator/${indicator.value}.html` }, ui.definition)));
      const ranked = Object.entries(values).sort((a, b) => b[1] - a[1]);
      table.replaceChildren(el("details", {}, el("summary", {}, `${ui.values_table} (${ranked.length})`),
        el("table", {}, el("tbody", {}, ranked.slice(0, 2000).map(([code, value]) => el("tr", {},
          el("th", { scope: "row" }, placeLink(level.value, code, names.get(code) ?? code)), el("td.n", {}, number(value))))))));
    }
    for (const control of controls) control.addEventListener("change", show);
    await show();
  }

  // --- how an indicator is spread ---

  async function distribution(article) {
    const frame = article.querySelector("[data-distribution]");
    const level = article.querySelector("#distribution-level");
    const id = article.dataset.indicator;
    const [, label, unitId] = texts.indicators.find(([one]) => one === id);
    async function show() {
      try {
        const values = Object.values((await load(`values/${id}`))[level.value] ?? {});
        const width = Math.min(frame.clientWidth || 600, 640);
        await draw(frame, {
          height: 180, data: { values: values.map((value) => ({ value })) }, mark: { type: "bar", color: "#1f5c4d" },
          encoding: {
            x: { field: "value", bin: { maxbins: 30 }, title: texts.units[unitId], axis: { labelExpr: "replace(replace(format(datum.value, ',~r'), /,/g, ' '), '.', ',')" } },
            y: { aggregate: "count", title: texts.levels[level.value] },
          },
          config: { view: { stroke: null } },
        }, width - 60);
        const svg = frame.querySelector("svg");
        svg?.setAttribute("role", "img");
        svg?.setAttribute("aria-label", `${ui.distribution}: ${label}`);
      } catch (error) {
        frame.replaceChildren(notice(error));
      }
    }
    level.addEventListener("change", show);
    article.querySelector("[data-download-values]").addEventListener("click", async () => {
      try {
        const [values, names] = await Promise.all([load(`values/${id}`), load("search")]);
        const lines = Object.entries(values).flatMap(([of, found]) => {
          const called = new Map(names[of].map(([code, name]) => [code, name]));
          return Object.entries(found).map(([code, value]) => [of, code, called.get(code), value, unitId]);
        });
        save(`${id}.csv`, [["level", "code", "name", "value", "unit"], ...lines]);
      } catch (error) {
        frame.before(notice(error));
      }
    });
    if (level.value) await show();
  }

  /* A territory's page: its map once it is looked at, and its figures as a file. */
  function territory(article, level, code) {
    const section = article.querySelector("[data-flows]");
    const start = () => flows(section, level, code);
    if (section) {
      // Printed, or looked at: whichever comes first.
      const seen = new IntersectionObserver((entries) => {
        if (entries.some((entry) => entry.isIntersecting)) { seen.disconnect(); start(); }
      }, { rootMargin: "300px" });
      if (new URLSearchParams(location.search).has("print")) start();
      else seen.observe(section);
    }
    article.querySelector("[data-download]")?.addEventListener("click", async () => {
      try {
        const one = await place(level, code);
        const lines = one.figures.map((row) => [
          level, code, one.name, row.indicator, row.label, row.value, row.low, row.high, row.indicator_unit, row.year,
          Object.keys(metabolisme.words.evidence).find((id) => id[0] === row.evidence), row.coverage]);
        save(`${level}_${metabolisme.fileName(code)}.csv`, [
          ["level", "code", "name", "indicator", "label", "value", "low", "high", "unit", "year", "evidence", "coverage"], ...lines]);
      } catch (error) {
        article.prepend(notice(error));
      }
    });
  }

  const form = document.querySelector("[data-map]");
  if (form) { country(form); window.addEventListener("hashchange", () => location.reload()); }
  const article = document.querySelector("[data-indicator]");
  if (article) distribution(article);
  const paged = document.querySelector("[data-place]");
  if (paged) {
    const [level, ...code] = paged.dataset.place.split("/");
    territory(paged, level, code.join("/"));
  }
  return { territory };
})();
