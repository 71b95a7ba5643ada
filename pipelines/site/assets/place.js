/* A territory shown from its file of data, as its own page would say it (territory.html.jinja). */
"use strict";

metabolisme.places = (() => {
  const { ui, words, el, number, percent, interval, placeLink, evidence, place, codeOf, here, fileName } = metabolisme;
  const fill = (text, ...values) => values.reduce((said, value) => said.replace("{}", value), text);
  const [colon, semicolon] = texts.lang === "fr" ? ["\u00a0:", "\u00a0; "] : [":", "; "];
  const unit = (id) => texts.units[id] ?? id;
  // In French, one is all that is under two.
  const isOne = (shown) => (texts.lang === "fr" ? shown < 2 : shown === 1);
  const beside = (id, value) => {
    if (unit(id) === "%") return words.percent.replace("{}", "");
    return ` ${isOne(Math.round(Math.abs(value) * 100) / 100) ? texts.one[id] ?? unit(id) : unit(id)}`;
  };
  const numbers = [ui.value, ui.rank, ui.quantity, ui.share, ui.distance, ui.score];
  const head = (...names) => el("thead", {}, el("tr", {}, names.map((name) => el(numbers.includes(name) ? "th.n" : "th", { scope: "col" }, name))));
  const named = (ids) => [...new Set((ids ? ids.split(", ") : []).map((id) => texts.needs.find(([one]) => one === id)[4]))].join(", ") || words.nothing;

  function figuresTable(figures) {
    return el("table.figures", {}, head(ui.indicator, ui.value, ui.evidence, ui.rank), el("tbody", {}, figures.map((row) => {
      const partly = row.coverage !== null && row.coverage < texts.partial;
      return el("tr", {},
        el("th", { scope: "row" }, el("a", { href: `${here}indicator/${row.indicator}.html` }, row.label),
          partly ? [" ", el("small", {}, `(${fill(ui.partial, percent(row.coverage))})`)] : null),
        el("td", {}, el("b", {}, number(row.value)), beside(row.indicator_unit, row.value), interval(row) ? [" ", el("small", {}, interval(row))] : null),
        el("td", {}, evidence(row.evidence), " ", el("small", {}, row.year)),
        el("td", {}, row.peers && row.peers >= texts.peers ? `${row.place}/${row.peers}` : null));
    })));
  }

  function boxes(figures) {
    return el("section", { "aria-labelledby": "boxes" }, el("h2", { id: "boxes" }, ui.boxes), el("p.help", {}, ui.boxes_help),
      el("div.boxes", {}, Object.entries(texts.functions).map(([id, label]) => {
        const mine = texts.indicators.flatMap(([indicator, , , of, main]) => (of === id
          ? figures.filter((row) => row.indicator === indicator).map((row) => ({ ...row, main })) : []));
        const [main, others] = [mine.filter((row) => row.main), mine.filter((row) => !row.main)];
        return el(`section.box.${id}`, { "aria-labelledby": id }, el("h3", { id }, label),
          mine.length ? null : el("p.help", {}, ui.no_figure),
          main.length ? figuresTable(main) : null,
          others.length ? el("details", {}, el("summary", {}, fill(ui.more_indicators, others.length)), figuresTable(others)) : null);
      })));
  }

  function needs(direction, title, relations, partners) {
    const mine = texts.needs.flatMap(([id]) => relations.filter((row) => row.need === id && row.direction === direction));
    return el("section", { "aria-labelledby": direction }, el("h2", { id: direction }, title),
      mine.length ? el("div.needs", {}, mine.map((one) => el(`details.need.${one.of}`, { open: one.evidence === "o" ? "" : null }, el("summary", {}, el("h3", {}, one.need_label),
        el("b", {}, number(one.total)), `${beside(one.unit, one.total)} `, evidence(one.evidence), " ", el("small", {}, one.year),
          one.self_containment !== null ? `, ${fill(ui.on_the_spot, percent(one.self_containment))}` : null,
          one.partners_80 && one.external ? `${semicolon}${one.partners_80 === 1 ? ui.four_fifths_one : fill(ui.four_fifths, number(one.partners_80))}` : null,
          one.distance_km !== null ? `${semicolon}${fill(ui.mean_distance, number(one.distance_km))}` : null),
        el("table.partners", {}, head(ui.partner, ui.quantity, ui.share, ui.distance), el("tbody", {}, partners
          .filter((row) => row.need === one.need && row.direction === direction).map((row) => el("tr", {},
            el("th", { scope: "row" }, row.rank === 0 ? ui.itself : placeLink(row.partner_level, row.partner_code, row.partner_name)),
            el("td", {}, number(row.quantity), interval(row) ? [" ", el("small", {}, interval(row))] : null),
            el("td", {}, percent(row.share)),
            el("td", {}, row.distance_km !== null ? `${number(row.distance_km)}\u00a0km` : null))))))))
        : el("p.help", {}, ui.no_flow));
  }

  function negotiation(level, code, one) {
    const { baskets, cooperation, calls } = one;
    const wide = (label, table) => el("div.wide", { tabindex: "0", role: "region", "aria-label": label }, table);
    const levers = [...new Set(calls.map((row) => row.lever))];
    return el("section", { "aria-labelledby": "negotiate" }, el("h2", { id: "negotiate" }, ui.negotiate),
      el("h3", {}, ui.basket),
      baskets.length ? [el("p.help", {}, ui.basket_help), wide(ui.basket, el("table.pairs", {}, head(ui.partner, ui.gives, ui.takes, ui.kind),
        el("tbody", {}, baskets.map((row) => el("tr", {},
          el("th", { scope: "row" }, placeLink(row.partner_level, row.partner_code, row.partner_name)),
          el("td", {}, named(row.given)), el("td", {}, named(row.taken)),
          el("td", {}, words.basket[row.basket ?? "unknown"], " ", evidence(row.evidence), el("br"),
            el("a", { href: `${here}compare.html#${level}/${fileName(code)}/${row.partner_level}/${fileName(row.partner_code)}` }, ui.compare)))))))]
        : el("p.help", {}, ui.no_basket),
      el("h3", {}, ui.cooperation),
      cooperation.length ? [el("p.help", {}, ui.cooperation_help), wide(ui.cooperation, el("table.pairs", {}, head(ui.partner, ui.distance, ui.our_surplus, ui.their_surplus, ui.score),
        el("tbody", {}, cooperation.map((row) => el("tr", {},
          el("th", { scope: "row" }, placeLink(row.partner_level, row.partner_code, row.partner_name)),
          el("td.n", {}, row.distance_km !== null ? `${number(row.distance_km)}\u00a0km` : null),
          el("td", {}, named(row.given)), el("td", {}, named(row.taken)), el("td.n", {}, number(row.score), " ", evidence(row.evidence)))))))]
        : el("p.help", {}, ui.no_cooperation),
      el("h3", {}, ui.levers),
      levers.length ? el("ul.levers", {}, levers.sort((a, b) => a - b).map((lever) => el("li", {},
        el("b", {}, texts.levers[lever][1]), `. ${texts.levers[lever][2]} `,
        el("small", {}, fill(ui.called_by, calls.filter((row) => row.lever === lever).map(call).join(semicolon))))))
        : el("p.help", {}, ui.no_lever));
  }

  function call(row) {
    const signal = texts.signals[row.called_by.replace(/^signal\./, "")];
    const label = signal ?? texts.indicators.find(([id]) => id === row.called_by)[1];
    const limit = fill(words.limit[row.comparison], number(row.threshold));
    return `${label}, ${number(row.value)}${beside(row.unit, row.value)}${signal && row.threshold === 0 ? "" : ` (${limit})`}`;
  }

  function missing(level, one, known) {
    const own = one.missing.map((row) => [row.indicator, row.need, row.reason]);
    const general = texts.missing.filter(([of, indicator, need]) => (of === "*" || of === level) && !known.has(indicator ?? need))
      .map(([, ...row]) => row);
    const byReason = new Map();
    for (const [indicator, need, reason] of [...own, ...general]) {
      const label = indicator ? texts.indicators.find(([id]) => id === indicator)?.[1] : texts.needs.find(([id]) => id === need)?.[1];
      if (!byReason.has(reason)) byReason.set(reason, new Set());
      if (label) byReason.get(reason).add(label);
    }
    const said = [...byReason].map(([reason, labels]) => [[...labels].join(", "), el("em", {}, texts.reasons[reason])]);
    const [named, others] = [said.filter(([labels]) => labels), said.filter(([labels]) => !labels)];
    return el("section", { "aria-labelledby": "not_measured" }, el("h2", { id: "not_measured" }, ui.not_measured),
      el("ul.missing", {}, named.map(([labels, reason]) => el("li", {}, labels, colon, " ", reason))),
      others.length ? el("details.missing-too", {}, el("summary", {}, fill(ui.missing_too, others.length)),
        el("ul.missing", {}, others.map(([, reason]) => el("li", {}, reason)))) : null);
  }

  function sources(figures) {
    const ids = new Set(figures.flatMap((row) => texts.indicators.find(([id]) => id === row.indicator)[5]));
    const used = texts.sources.filter(([id]) => ids.has(id));
    return el("section", { "aria-labelledby": "used" }, el("h2", { id: "used" }, ui.used_sources),
      el("ul.sources", {}, used.map(([id, title, publisher, vintage]) => el("li", {},
        el("a", { href: `${here}sources.html#${id}` }, title), `, ${publisher}`, vintage ? `, ${vintage}` : null))));
  }

  function facts(level, code, one) {
    const said = [`${texts.levels[level]} ${code}`];
    if ("population" in one) said.push(" · ", el("b", {}, number(one.population)), ` ${ui.inhabitants}`);
    if ("area_km2" in one) said.push(` · ${number(one.area_km2)}\u00a0km²`);
    if (one.n_communes > 1) said.push(` · ${number(one.n_communes)} ${ui.communes}`);
    const parents = one.parents.flatMap(([of, id, name], i) => [i ? ", " : "", placeLink(of, id, name)]);
    return [el("p.facts", {}, said), parents.length ? el("p.facts", {}, ui.within, colon, " ", parents) : null];
  }

  function show(article, level, code, one) {
    const { figures, relations, partners } = one;
    const known = new Set([...figures.map((row) => row.indicator), ...partners.map((row) => row.need)]);
    document.title = `${one.name} · ${ui.brand}`;
    article.replaceChildren(...[
      el("h1", {}, one.name), facts(level, code, one),
      el("p.actions", {}, el("a.button", { href: `${here}compare.html#${level}/${fileName(code)}` }, ui.compare_with), " ",
        el("button.button", { "data-download": "" }, ui.download), " ", el("button.button", { "data-print": "" }, ui.print)),
      figures.length || partners.length ? null : el("p.notice", {}, ui.no_data),
      boxes(figures),
      el("section.flows", { "aria-labelledby": "flows", "data-flows": "" }, el("h2", { id: "flows" }, ui.flow_map),
        el("p.help", {}, ui.flow_map_help), el("div.flow-map")),
      needs("depends_on", ui.we_depend, relations, partners), needs("depended_on_by", ui.they_depend, relations, partners),
      negotiation(level, code, one), missing(level, one, known), sources(figures),
    ].flat().filter(Boolean));
    metabolisme.maps.territory(article, level, code);
  }

  async function open(article) {
    const [level, name = ""] = location.hash.slice(1).split("/");
    try {
      const one = Object.hasOwn(texts.levels, level) && name ? await place(level, codeOf(name)) : null;
      if (one) show(article, level, codeOf(name), one);
      else article.replaceChildren(el("h1", {}, ui.territories), el("p.notice", { role: "alert" }, ui.unknown_place));
    } catch (error) {
      article.replaceChildren(el("h1", {}, ui.territories), metabolisme.notice(error));
    }
  }

  const article = document.querySelector("[data-fill]");
  if (article) {
    open(article);
    window.addEventListener("hashchange", () => open(article));
  }
  return { facts, head, unit, fill, named, colon };
})();
