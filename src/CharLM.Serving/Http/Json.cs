using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace CharLM.Serving.Http;

/// <summary>Reads and writes the bodies of requests and responses.</summary>
internal static class Json
{
    // The type is JSON, and no browser may take it for anything else: letters stay readable.
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 16 };

    /// <summary>An object as bytes.</summary>
    public static ArrayBufferWriter<byte> Bytes(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Writing))
            write(json);
        return buffer;
    }

    /// <summary>Answers with an object.</summary>
    public static async Task RespondAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> body = Bytes(write);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = body.WrittenCount;
        await context.Response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    /// <summary>Reads the body of a request, which must be an object.</summary>
    /// <param name="context">The request.</param>
    /// <param name="cancellationToken">Ends the reading, also of a client that sends it slowly.</param>
    /// <exception cref="ApiException">It is something else.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (!context.Request.HasJsonContentType())
            throw new ApiException(
                StatusCodes.Status415UnsupportedMediaType,
                "the body must be JSON: send it with the header content-type: application/json");
        try
        {
            JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body, Reading, cancellationToken);
            if (body.RootElement.ValueKind == JsonValueKind.Object)
                return body;
            body.Dispose();
            throw ApiException.Invalid("the body must be a JSON object");
        }
        catch (JsonException e)
        {
            throw ApiException.Invalid($"the body is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }
    }
}
