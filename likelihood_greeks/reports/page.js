// The trades of a report: sorted, filtered and grouped by any column; a trade opens to its Greeks, buckets and ladder.
(function () {
  "use strict";
  var PAGE = 200;
  var data = JSON.parse(document.getElementById("trade-data").textContent);
  var columns = data.columns;
  var place = {};
  columns.forEach(function (column, k) { place[column.name] = k; });
  var state = { sort: -1, down: false, group: "", words: "", filters: {}, shown: PAGE, opened: new Set(), closed: new Set() };
  var table = document.getElementById("trade-table");
  var body = table.tBodies[0];
  var forms = {};

  function element(name, attributes, content) {
    var found = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (key) {
      if (key === "class") { found.className = attributes[key]; }
      else if (key.slice(0, 2) === "on") { found.addEventListener(key.slice(2), attributes[key]); }
      else { found.setAttribute(key, attributes[key]); }
    });
    [].concat(content === undefined ? [] : content).forEach(function (part) {
      found.append(part);  // texts become text nodes: nothing in a name acts
    });
    return found;
  }

  function number(value, places) {
    var form = forms[places] || (forms[places] = new Intl.NumberFormat("en-US", { minimumFractionDigits: Math.max(places, 0), maximumFractionDigits: places < 0 ? 6 : places }));
    var text = form.format(value);
    return /[1-9]/.test(text) ? text : text.replace("-", "");
  }

  function error(value, places) {
    if (value === 0) { return ""; }
    var least = Math.pow(10, -places);
    return value > 0 && value < 0.5 * least ? "<" + number(least, places) : number(value, places);
  }

  function digits(values, errors) {  // as reports/decimals.py
    var sizes = values.map(Math.abs).filter(function (x) { return x > 0; });
    var known = errors.filter(function (x) { return x > 0; }).sort(function (a, b) { return a - b; });
    if (!sizes.length && !known.length) { return 0; }
    var top = Math.floor(Math.log10(Math.max.apply(null, sizes.concat(known))));
    var half = known.length >> 1;
    var middle = known.length % 2 ? known[half] : (known[half - 1] + known[half]) / 2;
    var places = known.length ? 1 - Math.floor(Math.log10(middle)) : 3 - top;
    return Math.max(0, Math.min(places, 8 - Math.max(top, 0), 8));
  }

  function plain(row, k) {  // what a column is sorted and filtered by
    var cell = row[k];
    return columns[k].kind === "greek" ? (cell ? cell[0] : null) : cell;
  }

  function numeric(k) { return columns[k].kind === "number" || columns[k].kind === "greek"; }

  function compared(one, two, k) {
    var a = plain(one, k), b = plain(two, k);
    var none = [a, b].map(function (x) { return x === null || x === ""; });
    if (none[0] || none[1]) { return none[0] - none[1] || 0; }
    var order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
    return state.down ? -order : order;
  }

  function matcher(k, text) {  // ">10", "<=2027-01-01", "5..9", "=call", or a part of the text
    var limits = text.match(/^\s*(>=|<=|>|<|=)\s*(.+?)\s*$/), between = text.match(/^\s*(\S+)\.\.(\S+)\s*$/);
    function read(word) { return numeric(k) ? parseFloat(word.replace(/,/g, "")) : word.toLowerCase(); }
    function kept(test) {
      return function (row) {
        var cell = plain(row, k);
        if (cell === null || cell === "") { return false; }
        return test(typeof cell === "string" ? cell.toLowerCase() : cell);
      };
    }
    if (between && (numeric(k) || columns[k].kind === "date")) {
      var low = read(between[1]), high = read(between[2]);
      return kept(function (cell) { return cell >= low && cell <= high; });
    }
    if (limits) {
      var to = read(limits[2]);
      var tests = {
        ">": function (x) { return x > to; }, "<": function (x) { return x < to; }, "=": function (x) { return x === to; },
        ">=": function (x) { return x >= to; }, "<=": function (x) { return x <= to; }
      };
      return kept(tests[limits[1]]);
    }
    var part = text.trim().toLowerCase();
    return kept(function (cell) { return String(cell).includes(part); });
  }

  function texts(row) {
    return columns.map(function (column, k) { return column.kind === "greek" ? "" : row[k] === null ? "" : row[k]; }).join("\u0001").toLowerCase();
  }

  function chosen() {
    var words = state.words.toLowerCase().split(/\s+/).filter(Boolean);
    var tests = Object.keys(state.filters).filter(function (k) { return state.filters[k].trim(); })
      .map(function (k) { return matcher(+k, state.filters[k]); });
    var found = [];
    data.rows.forEach(function (row, index) {
      if (!tests.every(function (test) { return test(row); })) { return; }
      if (words.length) {
        var text = texts(row);
        if (!words.every(function (word) { return text.includes(word); })) { return; }
      }
      found.push(index);
    });
    if (state.sort >= 0) {
      found.sort(function (a, b) { return compared(data.rows[a], data.rows[b], state.sort) || a - b; });
    }
    return found;
  }

  function visible() {
    return columns.map(function (_, k) { return k; }).filter(function (k) { return columns[k].shown; });
  }

  function cell(row, k) {
    var column = columns[k], own = row[k];
    var found = element("td", { class: numeric(k) ? "n" : column.kind === "date" ? "date" : "", "data-label": column.title });
    if (own === null || own === "") { return found; }
    if (column.kind === "greek") {
      found.append(number(own[0], column.places));
      if (own[1]) { found.append(element("small", {}, "±\u00a0" + error(own[1], column.places) + (own.length > 2 ? " !" : ""))); }
      if (/^-/.test(found.textContent)) { found.classList.add("minus"); }
    } else if (typeof own === "number") {
      found.append(number(own, column.places));
      if (own < 0) { found.classList.add("minus"); }
    } else {
      var text = column.name === "state" ? own.split(/[:;]/)[0] : own;
      (text.match(/[^_|]+[_|]*|[_|]+/g) || []).forEach(function (part) { found.append(part, element("wbr")); });  // long names break there
    }
    return found;
  }

  function small(title, header, rows) {
    var head = element("tr", {}, header.map(function (name, k) { return element("th", k ? { class: "n" } : {}, name); }));
    var lines = rows.map(function (row) {
      return element("tr", {}, row.map(function (own, k) {
        return element("td", { class: (k ? "n" : "") + (k && /^-/.test(own) ? " minus" : "") }, own);
      }));
    });
    return element("div", {}, [element("h3", {}, title), element("div", { class: "wide" }, element("table", { class: "full" }, [element("thead", {}, head), element("tbody", {}, lines)]))]);
  }

  function raw(value, places, kept) {  // of a unit: small ones by powers of ten, with so many digits behind the first
    return places > 6 && Math.abs(value) < 1e-4 && value !== 0 ? value.toExponential(kept) : number(value, places);
  }

  function greeks(index) {
    var units = data.raw[index], row = data.rows[index], notes = [];
    function line(title, name, own, unit) {  // of what is summed over assets there is no raw number
      var mine = digits([own[0]], [own[1] || 0]), places = unit ? digits([unit[0]], [unit[1]]) : 0;
      if (unit && unit.length > 2) { notes.push(name + ": " + data.notes[unit[2]]); }
      return [title, number(own[0], mine), error(own[1] || 0, mine), unit ? raw(unit[0], places, 2) : "", unit && unit[1] ? raw(unit[1], places, 0) : ""];
    }
    var lines = data.greeks.map(function (greek, g) { return [greek, row[place[greek[0]]], units[g]]; })
      .filter(function (own) { return own[1]; })
      .map(function (own) { return line(own[0][1], own[0][0], own[1], own[2]); });
    var head = ["", "position", "± s.e.", "a unit, raw", "± s.e."];
    var found = [small("Greeks", head, lines)], assets = data.assets[index] || [];
    if (assets.length) {
      found.push(small("By asset", head, assets.map(function (own) { return line(own[0], own[0], [own[1], own[2]], own[3]); })));
    }
    notes.forEach(function (note) { found[0].append(element("p", { class: "soft" }, "! " + note)); });
    return found;
  }

  function ladder(rungs) {
    var places = digits(rungs.map(function (r) { return r[1]; }), rungs.map(function (r) { return r[2] || 0; }));
    var size = Math.max.apply(null, rungs.map(function (r) { return Math.abs(r[1]); })) || 1;
    var found = small("Gain by move of the spot", ["move", "gain", "± s.e."], rungs.map(function (r) {
      return [(r[0] > 0 ? "+" : "") + number(100 * r[0], 1) + " %", number(r[1], places), error(r[2] || 0, places)];
    }));
    found.querySelector("thead tr").append(element("th", {}));
    found.querySelectorAll("tbody tr").forEach(function (line, k) {
      var bar = element("i", { class: rungs[k][1] < 0 ? "m" : "p" });
      bar.style.width = 50 * Math.abs(rungs[k][1]) / size + "%";
      line.append(element("td", { class: "bar two" }, bar));
    });
    return found;
  }

  function buckets(own) {
    var names = Array.from(new Set(own.map(function (b) { return b[0]; })));
    return names.map(function (name) {
      var mine = own.filter(function (b) { return b[0] === name; });
      var places = digits(mine.map(function (b) { return b[2]; }), mine.map(function (b) { return b[3] || 0; }));
      return small(name + " by node", ["node", "position", "± s.e."], mine.map(function (b) {
        return [b[1], number(b[2], places), error(b[3] || 0, places)];
      }));
    });
  }

  function detail(index, width) {
    var row = data.rows[index];
    var terms = element("dl", { class: "terms" });
    columns.forEach(function (column, k) {
      if (column.kind === "greek" || row[k] === null || row[k] === "") { return; }
      var text = typeof row[k] === "number" ? number(row[k], column.places) : row[k];
      terms.append(element("div", {}, [element("dt", {}, column.title), element("dd", {}, text)]));
    });
    var parts = [element("div", {}, [element("h3", {}, "Terms"), terms])].concat(greeks(index));
    if (data.ladders[index]) { parts.push(ladder(data.ladders[index])); }
    if (data.buckets[index]) { parts = parts.concat(buckets(data.buckets[index])); }
    return element("tr", { class: "detail" }, element("td", { colspan: width }, element("div", { class: "grid" }, parts)));
  }

  function line(index, shown) {
    var cells = shown.map(function (k) { return cell(data.rows[index], k); });
    var name = cells[0].textContent, open = state.opened.has(index);
    cells[0].replaceChildren(element("button", {
      class: "open", type: "button", "aria-expanded": open, onclick: function () {
        if (open) { state.opened.delete(index); } else { state.opened.add(index); }
        draw();
      }
    }, (open ? "▾ " : "▸ ") + name));
    cells[0].classList.add("head");
    return element("tr", {}, cells);
  }

  function heading(key, own, shown) {
    var open = !state.closed.has(key), stated = place.currency;
    var rows = own.map(function (index) { return data.rows[index]; });
    var one = stated === undefined || new Set(rows.map(function (row) { return row[stated]; })).size === 1;
    var cells = shown.map(function (k, position) {
      var column = columns[k];
      if (!position) {
        return element("td", { class: "head" }, element("button", {
          class: "open", type: "button", "aria-expanded": open, onclick: function () {
            if (open) { state.closed.add(key); } else { state.closed.delete(key); }
            draw();
          }
        }, (open ? "▾ " : "▸ ") + (key || "(blank)") + ", " + own.length + (own.length === 1 ? " trade" : " trades")));
      }
      if (column.kind !== "greek") { return element("td", {}); }
      var found = element("td", { class: "n", "data-label": column.title });
      if (!one) { return found; }
      var sum = 0, most = 0;
      rows.forEach(function (row) { if (row[k]) { sum += row[k][0]; most += row[k][1] || 0; } });
      found.append(number(sum, column.places));
      if (most) { found.append(element("small", {}, (own.length > 1 ? "≤\u00a0" : "±\u00a0") + error(most, column.places))); }
      if (sum < 0) { found.classList.add("minus"); }
      return found;
    });
    return element("tr", { class: "group" }, cells);
  }

  function lines(indices, shown, left) {
    var found = [];
    indices.slice(0, left).forEach(function (index) {
      found.push(line(index, shown));
      if (state.opened.has(index)) { found.push(detail(index, shown.length)); }
    });
    return found;
  }

  function draw() {
    var found = chosen(), shown = visible(), parts = [], count = 0;
    if (state.group === "") {
      parts = lines(found, shown, state.shown);
      count = Math.min(found.length, state.shown);
    } else {
      var k = +state.group, groups = new Map();
      found.forEach(function (index) {
        var own = plain(data.rows[index], k), key = own === null ? "" : typeof own === "number" ? number(own, columns[k].places) : String(own);
        if (!groups.has(key)) { groups.set(key, []); }
        groups.get(key).push(index);
      });
      Array.from(groups.keys()).sort(function (a, b) {
        return compared(data.rows[groups.get(a)[0]], data.rows[groups.get(b)[0]], k) * (state.down ? -1 : 1);
      }).forEach(function (key) {
        var own = groups.get(key);
        parts.push(heading(key, own, shown));
        if (!state.closed.has(key)) {
          var left = Math.max(0, state.shown - count);
          parts = parts.concat(lines(own, shown, left));
          count += Math.min(own.length, left);
        }
      });
    }
    body.replaceChildren.apply(body, parts);
    var rest = document.getElementById("trade-rest"), hidden = found.length - count;
    rest.replaceChildren(found.length + " of " + data.rows.length + " trades");
    if (hidden > 0 && state.group === "") {
      [PAGE, hidden].forEach(function (more, last) {
        rest.append(" ", element("button", { type: "button", class: "more", onclick: function () { state.shown += more; draw(); } },
          last ? "show all " + found.length : "show " + Math.min(more, hidden) + " more"));
      });
    }
  }

  function header() {
    var shown = visible();
    var names = element("tr", {}, shown.map(function (k) {
      var own = state.sort === k, arrow = own ? (state.down ? " ▼" : " ▲") : "";
      return element("th", { class: numeric(k) ? "n" : "", "aria-sort": own ? (state.down ? "descending" : "ascending") : "none" },
        element("button", { type: "button", title: "sort", onclick: function () { sortBy(k); } }, columns[k].title + arrow));
    }));
    var filters = element("tr", { class: "filters" }, shown.map(function (k) {
      var input = element("input", {
        "aria-label": "filter " + columns[k].title, placeholder: numeric(k) ? "> <" : "", oninput: function () {
          state.filters[k] = input.value;
          state.shown = PAGE;
          draw();
        }
      });
      input.value = state.filters[k] || "";
      return element("th", {}, input);
    }));
    table.tHead.replaceChildren(names, filters);
  }

  function sortBy(k) {
    state.down = state.sort === k ? !state.down : numeric(k);
    state.sort = k;
    picks.sort.value = String(k);
    header();
    draw();
  }

  function pick(title, none, change) {
    var options = [element("option", { value: "" }, none)].concat(columns.map(function (column, k) {
      return element("option", { value: k }, column.title);
    }));
    var select = element("select", { onchange: function () { change(select.value); } }, options);
    return { select: select, label: element("label", {}, [title + " ", select]) };
  }

  var picks = {};
  function tools() {
    var holder = document.getElementById("trade-tools");
    var search = element("input", { type: "search", placeholder: "filter by any words", "aria-label": "filter trades", oninput: function () {
      state.words = search.value;
      state.shown = PAGE;
      draw();
    } });
    var sort = pick("sort by", "book order", function (value) {
      if (value === "") { state.sort = -1; header(); draw(); } else { state.sort = -1; sortBy(+value); }
    });
    picks.sort = sort.select;
    var turn = element("button", { type: "button", title: "turn the order round", onclick: function () { if (state.sort >= 0) { sortBy(state.sort); } } }, "⇅");
    var group = pick("group by", "nothing", function (value) { state.group = value; state.closed.clear(); draw(); });
    var boxes = columns.map(function (column) {
      var box = element("input", { type: "checkbox", onchange: function () { column.shown = box.checked; header(); draw(); } });
      box.checked = column.shown;
      return element("label", {}, [box, " " + column.title]);
    }).slice(1);
    holder.append(search, sort.label, turn, group.label, element("details", {}, [element("summary", {}, "columns"), element("div", {}, boxes)]));
    holder.hidden = false;
  }

  addEventListener("beforeprint", function () {  // a header with buttons is not printed again on every page
    table.tHead.querySelectorAll("button").forEach(function (own) { own.replaceWith(own.textContent); });
  });
  addEventListener("afterprint", header);

  tools();
  header();
  draw();
}());
