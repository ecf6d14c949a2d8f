// A search by name. Without JavaScript, the contents are there all the same.
(function () {
  "use strict";

  var box = document.getElementById("search");
  var input = document.createElement("input");
  var list = document.createElement("ul");
  input.type = "search";
  input.placeholder = "Search names";
  input.title = "Press /";
  input.setAttribute("aria-label", "Search a name");
  box.appendChild(input);
  box.appendChild(list);

  // Where the words begin first, then where they are.
  function find(word) {
    var first = [], second = [];
    names.forEach(function (entry) {
      var name = entry[0].toLowerCase();
      var at = name.indexOf(word);
      if (at === 0 || at > 0 && /[.: ]/.test(name.charAt(at - 1))) {
        first.push(entry);
      } else if (at > 0) {
        second.push(entry);
      }
    });
    return first.concat(second).slice(0, 12);
  }

  function show() {
    var word = input.value.trim().toLowerCase();
    list.textContent = "";
    (word ? find(word) : []).forEach(function (entry) {
      var item = document.createElement("li");
      var link = document.createElement("a");
      link.href = entry[1];
      link.textContent = entry[0];
      link.addEventListener("click", clear);
      item.appendChild(link);
      list.appendChild(item);
    });
  }

  function clear() {
    input.value = "";
    list.textContent = "";
  }

  input.addEventListener("input", show);
  input.addEventListener("keydown", function (event) {
    var link = list.querySelector("a");
    if (event.key === "Enter" && link) {
      link.click();
    } else if (event.key === "Escape") {
      clear();
    } else if (event.key === "ArrowDown" && link) {
      event.preventDefault();
      link.focus();
    }
  });
  list.addEventListener("keydown", function (event) {
    var item = document.activeElement.parentNode;
    var next = event.key === "ArrowDown" ? item.nextSibling :
      event.key === "ArrowUp" ? item.previousSibling : null;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      (next ? next.firstChild : input).focus();
    } else if (event.key === "Escape") {
      clear();
      input.focus();
    }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && document.activeElement !== input) {
      event.preventDefault();
      input.focus();
    }
  });
})();
