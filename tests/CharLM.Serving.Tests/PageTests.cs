using System.Text.Json.Nodes;
using CharLM.Tests.Workbench.Reports;

namespace CharLM.Serving.Tests;

/// <summary>The page in a real browser.</summary>
public sealed class PageTests(TrainedModels models, ITestOutputHelper output)
{
    private const string Panes = "[...document.querySelectorAll('.pane:not([hidden])')]";

    [Fact]
    public async Task Play_ByMouse_WritesStopsBranchesAndColours()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English, models.World);
        await using HeadlessChromium browser = await OpenAsync(server);
        DevTools page = browser.Page;

        await UntilAsync(page, "document.getElementById('about').textContent !== ''", "the models");
        // What the model expects stands there before anything is written, and a click on it writes it.
        await FillAsync(page, "prefix", "Once upon a tim");
        await UntilAsync(page, "document.querySelector('.next button')?.dataset.token === 'e'", "the expectation at the cursor");
        await page.EvaluateAsync("document.querySelector('.next button').click()");
        Assert.Equal("Once upon a time", await TextAsync(page, "document.getElementById('prefix').value"));

        await FillAsync(page, "seed", "3");
        await FillAsync(page, "length", "200");
        await ClickAsync(page, "#generate");
        await UntilAsync(page, "document.getElementById('stop').disabled && document.querySelectorAll('.tokens span').length >= 216", "the text");
        string written = await TextAsync(page, $"{Panes}[0].querySelector('.tokens').textContent.replaceAll('\\u21b5', '')");
        JsonObject same = await server.CompleteAsync(
            new { model = "english", prompt = "Once upon a time", max_tokens = 200, seed = 3, temperature = 0.8 });
        Assert.Equal("Once upon a time" + (string)same["choices"]![0]!["text"]!, written);
        await browser.SaveScreenshotAsync("serve-written.png");

        // Another character at the 20th place: the text up to it stays, and the model goes on from there.
        await page.EvaluateAsync("document.querySelectorAll('.tokens span')[20].click()");
        Assert.Equal("true", await TextAsync(page, "String(document.querySelectorAll('.tokens span')[20].classList.contains('here'))"));
        string other = await TextAsync(
            page, "[...document.querySelectorAll('.next button')].find(b => !b.disabled && !b.classList.contains('chosen')).dataset.token");
        await browser.SaveScreenshotAsync("serve-alternatives.png");
        await page.EvaluateAsync("[...document.querySelectorAll('.next button')].find(b => !b.disabled && !b.classList.contains('chosen')).click()");
        await UntilAsync(page, "document.getElementById('stop').disabled && document.querySelectorAll('.tokens span').length >= 221", "the branch");
        string branched = await TextAsync(page, $"{Panes}[0].querySelector('.tokens').textContent.replaceAll('\\u21b5', '')");
        Assert.StartsWith(written[..20] + other, branched, StringComparison.Ordinal);

        // Stop.
        await FillAsync(page, "length", "4000");
        // In the very moment of the first characters: the small model would write all of them before a mouse gets there.
        await page.EvaluateAsync("new MutationObserver((_, seen) => { if (document.querySelectorAll('.pane .tokens span').length > 16) "
            + "{ seen.disconnect(); document.getElementById('stop').click(); } }).observe(document.querySelector('.tokens'), { childList: true })");
        await ClickAsync(page, "#generate");
        await UntilAsync(page, "document.querySelector('.pane [role=status]').textContent.startsWith('stopped after')", "the stop");

        await FillAsync(page, "text", "Once upon a time there was a zzz traveller.");
        await ClickAsync(page, "#colour");
        await UntilAsync(page, "document.querySelectorAll('#read-pane .tokens span').length === 43", "the colours");
        double[] shades = [.. (await page.EvaluateAsync(
            "[...document.querySelectorAll('#read-pane .tokens span')].map(s => Number(s.style.getPropertyValue('--s')))"))!
            .AsArray().Select(one => (double)one!)];
        Assert.True(shades[30] > 0.5, $"z has the shade {shades[30]}");
        Assert.True(shades[8..16].Average() < 0.1, $"a time has the shade {shades[8..16].Average()}");
        Assert.Contains("bits per character", await TextAsync(page, "document.getElementById('figures').textContent"), StringComparison.Ordinal);
        await page.EvaluateAsync("document.querySelectorAll('#read-pane .tokens span')[29].click()");
        await ShootAsync(browser, "serve-coloured.png");
        AssertClean(browser, server);
    }

    [Fact]
    public async Task Play_ByKeyboardAlone_DoesTheSame()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English);
        await using HeadlessChromium browser = await OpenAsync(server);
        DevTools page = browser.Page;
        await UntilAsync(page, "document.getElementById('about').textContent !== ''", "the model");
        // Tabs to the text: skipping nothing that a pointer can reach.
        for (int i = 0; i < 10 && await TextAsync(page, "document.activeElement.id") != "prefix"; i++)
            await PressAsync(page, "Tab");
        Assert.Equal("prefix", await TextAsync(page, "document.activeElement.id"));
        await page.AskAsync("Input.insertText", new { text = "For so" });
        await PressAsync(page, "Enter", control: true);
        await UntilAsync(page, "document.getElementById('stop').disabled && document.querySelectorAll('.tokens span').length >= 306", "the text");
        for (int i = 0; i < 30 && await TextAsync(page, "document.activeElement.className") != "tokens"; i++)
            await PressAsync(page, "Tab");
        await PressAsync(page, "Home");
        for (int i = 0; i < 8; i++)
            await PressAsync(page, "ArrowRight");
        Assert.Equal("true", await TextAsync(page, "String(document.querySelectorAll('.tokens span')[8].classList.contains('here'))"));
        await PressAsync(page, "ArrowDown");
        Assert.Equal("true", await TextAsync(page, "String([...document.querySelectorAll('.tokens span')].findIndex(s => s.matches('.here')) > 20)"));
        await PressAsync(page, "ArrowUp");
        await PressAsync(page, "Home");
        for (int i = 0; i < 8; i++)
            await PressAsync(page, "ArrowRight");
        string second = await TextAsync(page, "document.querySelectorAll('.next button')[1].dataset.token");
        string before = await TextAsync(page, "[...document.querySelectorAll('.tokens span')].slice(0, 8).map(s => s.textContent).join('')");
        await PressAsync(page, "2");
        await UntilAsync(page, "document.getElementById('stop').disabled && document.querySelectorAll('.tokens span').length >= 309", "the branch");
        Assert.Equal(before + second,
            await TextAsync(page, "[...document.querySelectorAll('.tokens span')].slice(0, 9).map(s => s.textContent).join('')"));
        // The tabs, by arrow.
        await page.EvaluateAsync("document.getElementById('tab-play').focus()");
        await PressAsync(page, "ArrowRight");
        Assert.Equal("tab-runs,true", await TextAsync(page, "document.activeElement.id + ',' + document.getElementById('play').hidden"));
        AssertClean(browser, server);
    }

    [Fact]
    public async Task Play_TwoModelsDarkAndOnAPhone_FitsAndIsReadable()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.World, models.English);
        await using HeadlessChromium browser = await OpenAsync(server);
        DevTools page = browser.Page;
        await UntilAsync(page, "document.getElementById('about').textContent !== ''", "the models");
        await page.EvaluateAsync("versus.value = 'english'; versus.dispatchEvent(new Event('change'))");
        await FillAsync(page, "seed", "1");
        await FillAsync(page, "prefix", "a :");
        await ClickAsync(page, "#generate");
        await UntilAsync(page, $"document.getElementById('stop').disabled && {Panes}.length === 2 && {Panes}.every(p => p.querySelectorAll('.tokens span').length >= 303)",
            "both texts");
        await ShootAsync(browser, "serve-two-light.png");
        await page.AskAsync("Emulation.setEmulatedMedia", new { features = new[] { new { name = "prefers-color-scheme", value = "dark" } } });
        await ShootAsync(browser, "serve-two-dark.png");

        // Arabic: the text, and the arrow keys in it, run from right to left.
        await page.EvaluateAsync("versus.value = ''; versus.dispatchEvent(new Event('change'))");
        await FillAsync(page, "prefix", "في البدء");
        await ClickAsync(page, "#generate");
        await UntilAsync(page, "document.getElementById('stop').disabled && document.querySelectorAll('.tokens span').length >= 308", "Arabic");
        Assert.Equal("rtl", await TextAsync(page, "getComputedStyle(document.querySelector('.tokens')).direction"));
        await page.EvaluateAsync("document.querySelector('.tokens').focus(); document.querySelectorAll('.tokens span')[12].click()");
        await PressAsync(page, "ArrowLeft");
        Assert.Equal("true", await TextAsync(page, "String(document.querySelectorAll('.tokens span')[13].classList.contains('here'))"));

        await page.AskAsync("Emulation.setDeviceMetricsOverride", new { width = 360, height = 740, deviceScaleFactor = 2, mobile = true });
        await page.EvaluateAsync("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
        Assert.Equal("", await TextAsync(page,
            "document.documentElement.scrollWidth <= 360 ? '' : [...document.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > 361).map(e => e.tagName + '.' + e.className).join()"));
        await ShootAsync(browser, "serve-phone-dark.png");
        AssertClean(browser, server);
    }

    [Fact]
    public async Task Play_WriteOnWithBytes_SendsTheText()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.Bytes);
        await using HeadlessChromium browser = await OpenAsync(server);
        DevTools page = browser.Page;
        await UntilAsync(page, "document.getElementById('about').textContent !== ''", "the model");
        await page.EvaluateAsync("{ const ask = fetch; window.sent = []; window.fetch = (path, options) => "
            + "{ if (options?.body) window.sent.push(JSON.parse(options.body)); return ask(path, options); }; }");
        await FillAsync(page, "prefix", "床前");
        await FillAsync(page, "seed", "1");
        await FillAsync(page, "length", "62");
        await ClickAsync(page, "#generate");
        // 6 bytes of the prefix.
        await UntilAsync(page, "document.getElementById('stop').disabled && document.querySelectorAll('.tokens span').length === 68", "the text");
        Assert.StartsWith("62 bytes in", await TextAsync(page, "document.querySelector('.pane [role=status]').textContent"),
            StringComparison.Ordinal);
        JsonObject same = await server.CompleteAsync(new { prompt = "床前", max_tokens = 62, seed = 1, temperature = 0.8, echo = true });

        await page.EvaluateAsync("[...document.querySelectorAll('.pane button')].find(one => one.textContent === 'Write on').click()");
        await UntilAsync(page, "document.getElementById('stop').disabled && window.sent.filter(one => one.echo).length === 2", "the second text");
        Assert.Equal(((string)same["choices"]![0]!["text"]!).Replace("\ufffd", "", StringComparison.Ordinal),
            await TextAsync(page, "window.sent.filter(one => one.echo)[1].prompt"));
        AssertClean(browser, server);
    }

    [Fact]
    public async Task Runs_WhileOneTrains_DrawsWhatComes()
    {
        using var folder = new TemporaryFolder();
        foreach ((string name, double worse) in new[] { ("small-gru64", 0.4), ("large-lstm256", 0.0) })
        {
            Directory.CreateDirectory(folder.File(name));
            File.WriteAllText(folder.File($"{name}/config.yaml"), "cell: gru\n");
            File.WriteAllText(folder.File($"{name}/samples.txt"), "after epoch 1:\nthe the\n\nafter epoch 5:\nThe time traveller <img src=x>\n\n");
            for (int epoch = 1; epoch <= 20; epoch++)
                Add(name, epoch, worse);
        }
        // The lock of a process that trains.
        await using var held = new FileStream(
            folder.File("large-lstm256/.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        await using RunningServer server = await RunningServer.StartAsync(
            new ServeConfig { RunsFolder = Path.GetDirectoryName(folder.File("x"))! }, models.English);
        await using HeadlessChromium browser = await OpenAsync(server, "#runs");
        DevTools page = browser.Page;
        await UntilAsync(page, "document.querySelectorAll('#run-list input').length === 2", "the list");
        await page.EvaluateAsync("[...document.querySelectorAll('#run-list input')].filter(box => !box.checked).forEach(box => box.click())");
        bool hasCharts = (bool)(await page.EvaluateAsync("typeof Chart !== 'undefined'"))!;
        if (hasCharts)
        {
            await UntilAsync(page, "Chart.getChart(document.querySelector('canvas'))?.data.datasets.length === 4", "four curves");
            Add("large-lstm256", 21, 0);
            await UntilAsync(page, "Chart.getChart(document.querySelector('canvas')).data.datasets.some(set => set.data.length === 21)",
                "the new epoch");
        }
        await ShootAsync(browser, "serve-runs.png");
        Assert.Equal("4", await TextAsync(page, "String(document.querySelectorAll('#samples .sample').length)"));
        Assert.Equal("0", await TextAsync(page, "String(document.querySelectorAll('#samples img').length)"));
        AssertClean(browser, server);

        void Add(string name, int epoch, double worse) => File.AppendAllText(folder.File($"{name}/metrics.jsonl"), $$"""
            {"epoch":{{epoch}},"step":{{epoch * 100}},"train_loss":{{1.2 + worse + (2.0 / epoch)}},"held_out_loss":{{1.5 + worse + (1.6 / epoch)}},"gradient_norm":{{0.3 + (1.0 / epoch)}},"learning_rate":{{0.003 * (21 - epoch) / 20 + 0.0001}},"tokens_per_second":{{90000 + (1000 * epoch)}},"seconds":1.5,"elapsed_seconds":{{1.5 * epoch}}}

            """);
    }

    [Fact]
    public async Task Page_WithAKey_AsksForIt()
    {
        const string Key = "correct-horse-battery";
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig { Key = Key }, models.English);
        await using HeadlessChromium browser = await OpenAsync(server);
        DevTools page = browser.Page;
        await UntilAsync(page, "document.getElementById('unlock')?.hidden === false", "the question");
        await FillAsync(page, "key", Key);
        await ClickAsync(page, "#unlock button");
        await UntilAsync(page, "document.getElementById('about')?.textContent > '' && document.getElementById('unlock').hidden", "the model");
    }

    // scripts/screenshots names the folder; without it the picture is only made.
    [Fact]
    public async Task Picture_OfTheShippedModel_ShowsATextAndWhatElseWasLikely()
    {
        await using RunningServer server = await RunningServer.StartAsync(
            new ServeConfig(), Repository.File("checkpoints", "time-machine-gru.safetensors"));
        await using HeadlessChromium browser = await OpenAsync(server);
        DevTools page = browser.Page;
        await page.EmulateAsync(dark: false, width: 1040);
        await UntilAsync(page, "document.getElementById('about').textContent !== ''", "the model");
        await FillAsync(page, "prefix", "the time traveller");
        await FillAsync(page, "seed", "5");
        await FillAsync(page, "length", "420");
        await FillAsync(page, "temperature", "0.5");
        await ClickAsync(page, "#generate");
        await UntilAsync(page, "document.getElementById('stop').disabled && document.querySelectorAll('.tokens span').length >= 438", "the text");
        await page.EvaluateAsync("document.querySelectorAll('.tokens span')[32].click()");
        await UntilAsync(page, "document.querySelectorAll('.next button').length > 2", "what else was likely");
        await page.EvaluateAsync("scrollTo(0, 0)");
        JsonNode size = (await page.EvaluateAsync(
            "({ y: document.querySelector('.scale').getBoundingClientRect().top, bottom: document.querySelector('.pane').getBoundingClientRect().bottom })"))!;
        JsonNode picture = await page.AskAsync("Page.captureScreenshot", new
        {
            format = "png",
            captureBeyondViewport = true,
            clip = new { x = 0, y = (double)size["y"]! - 12, width = 1040, height = (double)size["bottom"]! - (double)size["y"]! + 24, scale = 1 },
        });
        byte[] png = Convert.FromBase64String((string)picture["data"]!);
        Assert.InRange(png.Length, 10_000, 150_000);
        string folder = Environment.GetEnvironmentVariable("CHARLM_PICTURES")
            ?? Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "charlm-screenshots")).FullName;
        string path = Path.Combine(folder, "playground.png");
        await File.WriteAllBytesAsync(path, png, TestContext.Current.CancellationToken);
        output.WriteLine($"picture: {path}");
        AssertClean(browser, server);
    }

    private static async Task<HeadlessChromium> OpenAsync(RunningServer server, string hash = "")
    {
        Assert.SkipWhen(HeadlessChromium.Program is null, "there is no chromium on this machine");
        HeadlessChromium browser = await HeadlessChromium.StartAsync();
        await browser.Page.OpenAsync(server.Address + hash);
        return browser;
    }

    private async Task ShootAsync(HeadlessChromium browser, string name) =>
        output.WriteLine($"screenshot: {await browser.SaveScreenshotAsync(name)}");

    private static void AssertClean(HeadlessChromium browser, RunningServer server)
    {
        Assert.Empty(browser.Page.Errors);
        Assert.All(browser.Page.Requests, request => Assert.StartsWith(server.Address.ToString(), request, StringComparison.Ordinal));
    }

    private static async Task<string> TextAsync(DevTools page, string expression) => (string)(await page.EvaluateAsync(expression))!;

    private static async Task FillAsync(DevTools page, string id, string text) => await page.EvaluateAsync(
        $"(() => {{ const e = document.getElementById('{id}'); e.focus(); e.value = {JsonValue.Create(text).ToJsonString()}; "
            + "e.dispatchEvent(new Event('input', { bubbles: true })); })()");

    // A real click at the element's place.
    private static async Task ClickAsync(DevTools page, string selector)
    {
        JsonNode box = (await page.EvaluateAsync($"(() => {{ const e = document.querySelector('{selector}'); e.scrollIntoView({{ block: 'center' }}); "
            + "const b = e.getBoundingClientRect(); return { x: b.x + b.width / 2, y: b.y + b.height / 2 }; })()"))!;
        foreach (string type in new[] { "mousePressed", "mouseReleased" })
            await page.AskAsync(
                "Input.dispatchMouseEvent", new { type, x = (double)box["x"]!, y = (double)box["y"]!, button = "left", clickCount = 1 });
    }

    private static async Task PressAsync(DevTools page, string key, bool control = false)
    {
        int code = key switch
        {
            "Tab" => 9,
            "Enter" => 13,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => key[0],
        };
        foreach (string type in new[] { key.Length == 1 ? "keyDown" : "rawKeyDown", "keyUp" })
            await page.AskAsync("Input.dispatchKeyEvent", new
            {
                type,
                key,
                code = key.Length == 1 ? $"Digit{key}" : key,
                windowsVirtualKeyCode = code,
                modifiers = control ? 2 : 0,
            });
    }

    private static async Task UntilAsync(DevTools page, string condition, string what)
    {
        for (int i = 0; i < 600; i++)
        {
            if ((bool?)await page.EvaluateAsync($"Boolean({condition})") == true)
                return;
            await Task.Delay(50);
        }
        Assert.Fail($"waited in vain for {what}: {await page.EvaluateAsync("document.body.innerText")}");
    }
}
