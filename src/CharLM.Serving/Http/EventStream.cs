using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace CharLM.Serving.Http;

/// <summary>A response of server-sent events; it begins with the first one, so that until then an error can have its own status.</summary>
internal sealed class EventStream(HttpContext context, CancellationToken cancellationToken)
{
    private bool _hasBegun;

    /// <summary>Adds an event; it is sent with the next <see cref="FlushAsync"/>.</summary>
    public void Add(Action<Utf8JsonWriter> write)
    {
        Begin();
        ArrayBufferWriter<byte> json = Json.Bytes(write);
        context.Response.BodyWriter.Write("data: "u8);
        context.Response.BodyWriter.Write(json.WrittenSpan);
        context.Response.BodyWriter.Write("\n\n"u8);
    }

    /// <summary>Sends the events added so far; waits while the client is slow.</summary>
    public async Task FlushAsync()
    {
        // Sending nothing would already fix the status.
        if (_hasBegun)
            await context.Response.BodyWriter.FlushAsync(cancellationToken);
    }

    /// <summary>Ends the stream as OpenAI's clients expect.</summary>
    public async Task EndAsync()
    {
        context.Response.BodyWriter.Write("data: [DONE]\n\n"u8);
        await FlushAsync();
    }

    private void Begin()
    {
        if (_hasBegun)
            return;
        _hasBegun = true;
        if (context.Response.HasStarted)
            return;
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers["X-Accel-Buffering"] = "no";
    }
}
