using System.Text.Json;
using CharLM.Generation;
using CharLM.Serving.Engine;
using CharLM.Serving.Http;
using Microsoft.AspNetCore.Http;

namespace CharLM.Serving.Endpoints;

/// <summary><c>/v1/completions</c>: continues prompts, in the shape that OpenAI's clients expect.</summary>
internal sealed class CompletionEndpoint(ModelList models, ServeLimits limits)
{
    // The automaton of a constraint may take 64 MiB and a second: others wait for their turn.
    private const int MostConstrained = 8;

    private static readonly SemaphoreSlim Constrained = new(MostConstrained);

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves, when time is up, and when the server ends.</param>
    public async Task RespondAsync(HttpContext context, CancellationToken cancellationToken)
    {
        bool hasTurn = false;
        try
        {
            CompletionRequest request;
            using (JsonDocument body = await Json.ReadAsync(context, cancellationToken))
            {
                if (CompletionRequest.IsConstrained(body.RootElement))
                {
                    await Constrained.WaitAsync(cancellationToken);
                    hasTurn = true;
                }
                request = CompletionRequest.Of(body.RootElement, models, limits);
            }
            await RespondAsync(context, request, cancellationToken);
        }
        finally
        {
            if (hasTurn)
                Constrained.Release();
        }
    }

    private async Task RespondAsync(HttpContext context, CompletionRequest request, CancellationToken cancellationToken)
    {
        var bell = new Bell();
        // Whatever ends the response ends its texts, too.
        using var left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Choice[] choices = [.. request.Prompts.SelectMany((prompt, place) => Enumerable.Range(0, request.Samples).Select(sample =>
            new Choice(request, prompt, (place * request.Samples) + sample, sample, bell, left.Token)))];
        if (!request.Model.TryWrite([.. choices.Select(choice => choice.Ordered())]))
            throw ApiException.Busy(context);
        try
        {
            var response = new CompletionResponse(request, choices);
            if (request.Stream)
                await StreamAsync(context, response, bell, cancellationToken);
            else
                await AnswerAsync(context, response, bell, cancellationToken);
        }
        catch (GenerationException e)
        {
            throw new ApiException(StatusCodes.Status500InternalServerError, e.Message);
        }
        finally
        {
            await left.CancelAsync();
        }
    }

    private static async Task AnswerAsync(
        HttpContext context, CompletionResponse response, Bell bell, CancellationToken cancellationToken)
    {
        while (!response.ReadAll())
            await bell.WaitAsync(cancellationToken);
        await Json.RespondAsync(context, StatusCodes.Status200OK, response.Write);
    }

    private async Task StreamAsync(HttpContext context, CompletionResponse response, Bell bell, CancellationToken cancellationToken)
    {
        var events = new EventStream(context, cancellationToken);
        try
        {
            while (true)
            {
                await bell.WaitAsync(cancellationToken);
                bool isOver = response.ReadAll();
                foreach (Choice choice in response.Changed())
                    events.Add(json => response.WritePiece(json, choice));
                if (isOver)
                    break;
                await events.FlushAsync();
                await Task.Delay(limits.BetweenEvents, cancellationToken);
            }
            if (response.Request.IncludesUsage)
                events.Add(response.WriteUsage);
            await events.EndAsync();
        }
        // The status is sent already: the reason follows as an event.
        catch (Exception e) when (context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            var reason = new ApiException(StatusCodes.Status500InternalServerError, e is OperationCanceledException
                ? "the request took too long, or the server is ending" : e.Message);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            var last = new EventStream(context, patience.Token);
            last.Add(reason.Write);
            await last.FlushAsync();
        }
    }
}
