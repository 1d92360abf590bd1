// Asks charlm serve as an existing program asks OpenAI: only the address differs. Prints what it got as JSON.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: process.argv[3], maxRetries: 0 });
const got = {};

got.models = (await client.models.list()).data.map(model => model.id);
got.model = (await client.models.retrieve("english")).object;

const whole = await client.completions.create(
  { model: "english", prompt: "Once upon", max_tokens: 30, temperature: 0.7, top_p: 0.9, seed: 4, n: 2, stop: ["!"], logprobs: 3 });
got.whole = { object: whole.object, texts: whole.choices.map(choice => choice.text), usage: whole.usage,
  reasons: whole.choices.map(choice => choice.finish_reason), tokens: whole.choices[0].logprobs.tokens.join(""),
  top: Object.keys(whole.choices[0].logprobs.top_logprobs[0]).length };

const stream = await client.completions.create({ model: "english", prompt: "Once upon", max_tokens: 30, temperature: 0.7, top_p: 0.9, seed: 4,
  n: 2, stop: ["!"], stream: true, stream_options: { include_usage: true } });
got.streamed = { texts: ["", ""], usage: null };
for await (const event of stream) {
  for (const choice of event.choices) got.streamed.texts[choice.index] += choice.text;
  got.streamed.usage = event.usage ?? got.streamed.usage;
}

const left = await client.completions.create({ model: "english", prompt: "Once", max_tokens: 16000, stream: true });
for await (const event of left) if (event.choices[0].text) break; // the client leaves
got.left = true;

for (const [name, request] of [["bad", { model: "english", prompt: "a", temperature: -1 }], ["absent", { model: "gpt-4", prompt: "a" }]]) {
  try {
    await client.completions.create(request);
  } catch (error) {
    got[name] = { kind: error.constructor.name, status: error.status, param: error.param, code: error.code };
  }
}
try {
  await new OpenAI({ baseURL: process.argv[2], apiKey: "wrong", maxRetries: 0 }).models.list();
} catch (error) {
  got.wrongKey = error.constructor.name;
}
console.log(JSON.stringify(got));
