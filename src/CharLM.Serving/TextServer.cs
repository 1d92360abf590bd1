using CharLM.Serving.Endpoints;
using CharLM.Serving.Engine;
using CharLM.Serving.Http;
using CharLM.Serving.Page;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace CharLM.Serving;

/// <summary>A page to play with models, and an endpoint in the shape that OpenAI's clients expect.</summary>
/// <remarks>Thread safety: any number of clients at once.</remarks>
internal sealed class TextServer : IAsyncDisposable
{
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(500);

    private readonly WebApplication _app;
    private readonly CancellationTokenSource _end = new();
    private readonly AccessGuard _guard;
    private readonly ServeLimits _limits;
    private readonly ModelList _models;
    private readonly CompletionEndpoint _completions;
    private readonly ScoreEndpoint _scores;
    private readonly RunsEndpoint _runs;

    private TextServer(ServeConfig config, IReadOnlyList<ServedModel> models)
    {
        _limits = config.Limits;
        _guard = new AccessGuard(config.Address!, config.Key);
        _models = new ModelList(models);
        _completions = new CompletionEndpoint(_models, _limits);
        _scores = new ScoreEndpoint(_models, _limits);
        _runs = new RunsEndpoint(config.RunsFolder);
        // The empty builder reads no settings from files, from the environment or from arguments.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = Farewell);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = _limits.Body;
            kestrel.Limits.MaxConcurrentConnections = _limits.Connections;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Listen(config.Address!, config.Port);
        });
        _app = builder.Build();
        _app.Run(RespondAsync);
    }

    /// <summary>The address of the page.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Starts a server.</summary>
    /// <param name="config">How it listens.</param>
    /// <param name="models">The models, the default one first; the caller disposes them after the server.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    /// <exception cref="IOException">It cannot listen there.</exception>
    public static async Task<TextServer> StartAsync(
        ServeConfig config, IReadOnlyList<ServedModel> models, CancellationToken cancellationToken)
    {
        InvalidConfigException.ThrowIfAny(config.Errors());
        var server = new TextServer(config, models);
        try
        {
            await server._app.StartAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            await server.DisposeAsync();
            throw new IOException($"{config.Host} port {config.Port}: {(e.InnerException is { } cause ? cause.Message : e.Message)}", e);
        }
        string address = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        server.Address = new Uri(address);
        return server;
    }

    /// <summary>Ends running requests, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _end.Dispose();
    }

    private async Task RespondAsync(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = PageFiles.Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        using var time = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _end.Token);
        time.CancelAfter(_limits.Timeout);
        ApiException error;
        try
        {
            await RouteAsync(context, time.Token);
            return;
        }
        catch (ApiException e)
        {
            error = e;
        }
        catch (BadHttpRequestException e)
        {
            error = new ApiException(e.StatusCode, e.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? $"the body must have at most {_limits.Body} bytes" : e.Message);
        }
        catch (InvalidConfigException e)
        {
            error = ApiException.Invalid(e.Message);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            error = new ApiException(StatusCodes.Status503ServiceUnavailable, "the server is ending");
        }
        catch (OperationCanceledException)
        {
            error = new ApiException(
                StatusCodes.Status504GatewayTimeout, $"the request took more than {_limits.Timeout.TotalSeconds:0} seconds",
                    code: "timeout");
        }
        catch (Exception e)
        {
            error = new ApiException(StatusCodes.Status500InternalServerError, $"{e.GetType().Name}: {e.Message}");
        }
        if (context.Response.HasStarted)
            context.Abort();
        else
            await Json.RespondAsync(context, error.Status, error.Write);
    }

    private Task RouteAsync(HttpContext context, CancellationToken cancellationToken)
    {
        string path = context.Request.Path.Value ?? "";
        bool isPage = PageFiles.Has(path);
        _guard.Check(context.Request, isPage);
        bool isGet = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        string? needed = path is "/v1/completions" or "/v1/score" ? HttpMethods.Post : HttpMethods.Get;
        bool fits = needed == HttpMethods.Post ? HttpMethods.IsPost(context.Request.Method) : isGet;
        const string OneModel = "/v1/models/", OneRun = "/api/runs/";
        return path switch
        {
            _ when isPage && isGet => PageFiles.RespondAsync(context, path),
            "/v1/completions" when fits => _completions.RespondAsync(context, cancellationToken),
            "/v1/score" when fits => _scores.RespondAsync(context, cancellationToken),
            "/v1/models" when fits => _models.ListAsync(context),
            "/api/runs" when fits => _runs.ListAsync(context),
            _ when path.StartsWith(OneModel, StringComparison.Ordinal) && fits => _models.ShowAsync(context, path[OneModel.Length..]),
            _ when path.StartsWith(OneRun, StringComparison.Ordinal) && fits => _runs.ShowAsync(context, path[OneRun.Length..]),
            "/v1/chat/completions" => throw new ApiException(
                StatusCodes.Status404NotFound, "these models continue text and do not chat: use /v1/completions"),
            "/v1/completions" or "/v1/score" or "/v1/models" or "/api/runs" => throw NotAllowed(context, needed),
            _ when isPage || path.StartsWith(OneModel, StringComparison.Ordinal) || path.StartsWith(OneRun, StringComparison.Ordinal) =>
                throw NotAllowed(context, needed),
            _ => throw new ApiException(StatusCodes.Status404NotFound,
                "there is nothing here: POST /v1/completions, POST /v1/score, GET /v1/models; the page is /"),
        };
    }

    private static ApiException NotAllowed(HttpContext context, string needed)
    {
        context.Response.Headers.Allow = needed;
        return new ApiException(StatusCodes.Status405MethodNotAllowed, $"the method must be {needed}");
    }
}
