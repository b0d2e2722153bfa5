// Stands in for CX Genie's widget.js and does what that one does with the visitor's token: it finds its own script tag,
// reads data-token once, when the document is complete, and opens an <object> whose address carries the token as it is.
// Without data-token the text "null" arrives at the other end: a guest.
(function () {
  "use strict";
  var tag = document.currentScript;
  window.addEventListener("load", function () {
    var agent = tag.getAttribute("data-aid");
    var token = tag.getAttribute("data-token");
    window.openCXGenieChatWidget = function () {
      var chat = document.createElement("object");
      chat.className = "chat-widget";
      chat.type = "text/html";
      chat.data = "/chat?aid=" + agent + "&user-token=" + token;
      document.getElementById("chat").replaceChildren(chat);
    };
    document.getElementById("open-chat").addEventListener("click", function () { window.openCXGenieChatWidget(); });
  });
})();
