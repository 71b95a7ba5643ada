/* Two territories side by side: what each gives the other, and their figures. */
"use strict";

(() => {
  const { ui, el, load, number, rows, place, fileOf, codeOf, here, fileName, finder, placeLink, evidence, notice } = metabolisme;
  const { facts, head, unit, fill, named, colon } = metabolisme.places;
  const shown = document.querySelector("[data-compared]");
  const inputs = ["first", "second"].map((id) => document.getElementById(id));
  const chosen = [null, null];

  function address() {
    return `#${chosen.filter(Boolean).map(({ level, code }) => `${level}/${fileName(code)}`).join("/")}`;
  }

  function exchange([a, b], pairs) {
    const rowsOf = rows("pairs", pairs, a.code).filter((row) => row.partner_level === b.level && row.partner_code === b.code);
    if (!rowsOf.length) return el("p.notice", {}, ui.no_exchange);
    const cell = (value, largest) => el("td.n", {}, value === null ? "–" : number(value),
      value === null ? null : el("span.bar-value", { style: `width:${(100 * value) / largest}%` }));
    return el("div.wide", { tabindex: "0", role: "region", "aria-label": ui.exchange }, el("table.compared", {},
      head(ui.need, fill(ui.gives_to, a.name, b.name), fill(ui.gives_to, b.name, a.name), ui.unit, ui.evidence),
      el("tbody", {}, texts.needs.flatMap(([id]) => rowsOf.filter((row) => row.need === id)).map((row) => {
        const largest = Math.max(row.a_to_b ?? 0, row.b_to_a ?? 0) || 1;
        return el(`tr.${row.of}`, {}, el("th", { scope: "row" }, row.need_label), cell(row.a_to_b, largest), cell(row.b_to_a, largest),
          el("td", {}, unit(row.need_unit)), el("td", {}, evidence(row.evidence)));
      }))));
  }

  /* What they could talk about: surpluses that the other lacks, and levers that the figures of both call for. */
  function negotiation([a, b]) {
    const pair = a.cooperation.find((row) => row.partner_level === b.level && row.partner_code === b.code);
    const listed = (title, ids) => (ids ? el("li", {}, el("b", {}, title), colon, ` ${named(ids)}`) : null);
    const shared = [...new Set(a.calls.map((row) => row.lever))].filter((lever) => b.calls.some((row) => row.lever === lever));
    return [
      el("h2", {}, ui.negotiate),
      pair ? el("ul", {}, listed(fill(ui.could_give, a.name, b.name), pair.given), listed(fill(ui.could_give, b.name, a.name), pair.taken))
        : el("p.help", {}, ui.not_complementary),
      el("h3", {}, ui.shared_levers),
      shared.length ? el("ul.levers", {}, shared.sort((one, other) => one - other).map((lever) => el("li", {},
        el("b", {}, texts.levers[lever][1]), `. ${texts.levers[lever][2]}`))) : el("p.help", {}, ui.no_lever),
    ];
  }

  function sideBySide(both) {
    const figures = both.map((one) => new Map(one.figures.map((row) => [row.indicator, row])));
    const cell = (row) => el("td.n", {}, row ? [number(row.value), " ", evidence(row.evidence)] : "–");
    return Object.entries(texts.functions).map(([id, label]) => {
      const listed = texts.indicators.filter(([indicator, , , of]) => of === id && figures.some((known) => known.has(indicator)));
      return listed.length ? el(`section.box.${id}`, {}, el("h3", {}, label), el("table.compared", {},
        head(ui.indicator, both[0].name, both[1].name), el("tbody", {}, listed.map(([indicator, text, unitId]) => el("tr", {},
          el("th", { scope: "row" }, el("a", { href: `${here}indicator/${indicator}.html` }, text), " ", el("small", {}, unit(unitId))),
          cell(figures[0].get(indicator)), cell(figures[1].get(indicator))))))) : null;
    }).filter(Boolean);
  }

  async function show() {
    if (!chosen[0] || !chosen[1]) { shown.replaceChildren(); return; }
    try {
      const found = await Promise.all(chosen.map(({ level, code }) => place(level, code)));
      if (!found[0] || !found[1]) { shown.replaceChildren(el("p.notice", { role: "alert" }, ui.unknown_place)); return; }
      const both = found.map((one, i) => ({ ...one, ...chosen[i], name: one.name }));
      // A territory without any exchange has no file of them.
      const pairs = found[0].has_pairs ? await load(`pairs/${await fileOf(chosen[0])}`) : [];
      shown.replaceChildren(
        el("p.actions", {}, el("button.button", { "data-print": "" }, ui.print)),
        el("div.bars", {}, both.map((one) => el("div", {}, el("h2", {}, placeLink(one.level, one.code, one.name)), facts(one.level, one.code, one)))),
        el("h2", {}, ui.exchange), exchange(both, pairs), ...negotiation(both),
        el("h2", {}, ui.side_by_side), el("div.boxes", {}, sideBySide(both)));
      document.title = `${both[0].name} – ${both[1].name} · ${ui.brand}`;
    } catch (error) {
      shown.replaceChildren(notice(error));
    }
  }

  async function open() {
    const parts = location.hash.slice(1).split("/");
    for (const i of [0, 1]) {
      const [level, name] = parts.slice(2 * i, 2 * i + 2);
      chosen[i] = level && name ? { level, code: codeOf(name) } : null;
      if (!chosen[i]) continue;
      try {
        const one = Object.hasOwn(texts.levels, level) ? await place(level, chosen[i].code) : null;
        inputs[i].value = one?.name ?? "";
      } catch {
        inputs[i].value = "";  // What is lost is said by `show`, with the rest.
      }
    }
    if (chosen[0] && !chosen[1]) inputs[1].focus();
    await show();
  }

  inputs.forEach((input, i) => finder(input, (one) => {
    chosen[i] = one;
    history.replaceState(null, "", address());
    show();
  }));
  inputs[0].form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", open);
  open();
})();
