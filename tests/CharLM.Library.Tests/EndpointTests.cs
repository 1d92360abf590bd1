using System.Reflection;
using CharLM.Corpora;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Training;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace CharLM.Library.Tests;

/// <summary>The web endpoint of docs/library.md, asked by several clients at once.</summary>
public sealed class EndpointTests
{
    private const int Clients = 8;

    [Fact]
    public async Task Endpoint_EightClientsAtOnce_GetWhatTheModelWrites()
    {
        using CharModel model = await CharModel.TrainAsync(CorpusText.FromString(SampleText.Text), new CharModelConfig
        {
            Model = new ModelConfig { NumHiddens = 24 },
            Training = new TrainerConfig
            {
                NumEpochs = 2,
                BatchSize = 8,
                NumSteps = 16,
                Optimizer = OptimizerKind.Adam,
                LearningRate = 0.01,
            },
        });
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using WebApplication app = builder.Build();
        MethodInfo map = DocsCode.Compile().GetTypes().Single(type => type.Name == "TextEndpoint").GetMethod("MapText")!;
        map.Invoke(null, [app, model]);
        await app.StartAsync();
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
            string[] texts = await Task.WhenAll(Enumerable.Range(0, Clients).Select(
                i => client.GetStringAsync($"text?prefix={Uri.EscapeDataString("Once upon")}&seed={i}")));
            for (int i = 0; i < Clients; i++)
            {
                var expected = new System.Text.StringBuilder();
                await foreach (string piece in model.GenerateAsync(
                    "Once upon", new GenerationConfig { Length = 300, Seed = i, Sampling = Sampling.AtTemperature(0.8) }))
                    expected.Append(piece);
                Assert.Equal(expected.ToString(), texts[i]);
            }
            Assert.Equal(Clients, texts.Distinct().Count());
        }
        finally
        {
            await app.StopAsync();
        }
    }
}
