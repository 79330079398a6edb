// A question of one choice, as a content type of H5P: it tells what happens by H5P's own xAPI events.
"use strict";

H5P.Check = function (params, contentId) {
  H5P.EventDispatcher.call(this);
  this.params = params;
  this.contentId = contentId;
};
H5P.Check.prototype = Object.create(H5P.EventDispatcher.prototype);
H5P.Check.prototype.constructor = H5P.Check;

H5P.Check.prototype.attach = function ($container) {
  this.triggerXAPI("attempted");
  $container.append($("<p>").text(this.params.question));
  this.params.answers.forEach((text, index) => {
    $container.append($("<button>").text(text).on("click", () => this.answer(index)));
  });
};

H5P.Check.prototype.answer = function (index) {
  const right = index === this.params.correct;
  const event = this.createXAPIEventTemplate("answered");
  Object.assign(event.getVerifiedStatementValue(["object", "definition"]), {
    description: { "en-US": this.params.question },
    type: "http://adlnet.gov/expapi/activities/cmi.interaction",
    interactionType: "choice",
    choices: this.params.answers.map((text, n) => ({ id: String(n), description: { "en-US": text } })),
    correctResponsesPattern: [String(this.params.correct)],
  });
  event.setScoredResult(Number(right), 1, this, true, right);
  event.data.statement.result.response = String(index);
  this.trigger(event);
  this.triggerXAPICompleted(Number(right), 1);
};

var $ = H5P.jQuery;
