using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace CharLM.Serving.Http;

/// <summary>A request cannot be served; the answer is a status and the reason as JSON, in the shape that OpenAI's clients read.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">The reason: name, value, allowed range.</param>
/// <param name="parameter">The field at fault; null: none.</param>
/// <param name="code">A word for programs; null: none.</param>
internal sealed class ApiException(int status, string message, string? parameter = null, string? code = null) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>An error of a field.</summary>
    public static ApiException Invalid(string message, string? parameter = null) =>
        new(StatusCodes.Status400BadRequest, message, parameter);

    /// <summary>The error when too many texts wait already; its response says when to try again.</summary>
    public static ApiException Busy(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        return new ApiException(
            StatusCodes.Status429TooManyRequests, "too many texts wait already: try again in a second", code: "server_busy");
    }

    /// <summary>Writes the error as an object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", Message);
        json.WriteString("type", Status switch
        {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            >= 500 => "server_error",
            _ => "invalid_request_error",
        });
        json.WriteString("param", parameter);
        json.WriteString("code", code);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
