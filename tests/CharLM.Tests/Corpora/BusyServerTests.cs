using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

/// <summary>Which HTTP status codes are retried: RFC 9110, 15.5.9 and 15.6; RFC 6585, 4.</summary>
public sealed class BusyServerTests : IDisposable
{
    private readonly CorpusBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(408, "Request Timeout", 3)]
    [InlineData(429, "Too Many Requests", 3)]
    [InlineData(500, "Internal Server Error", 3)]
    [InlineData(502, "Bad Gateway", 3)]
    [InlineData(503, "Service Unavailable", 3)]
    [InlineData(504, "Gateway Timeout", 3)]
    [InlineData(400, "Bad Request", 1)]
    [InlineData(401, "Unauthorized", 1)]
    [InlineData(403, "Forbidden", 1)]
    [InlineData(404, "Not Found", 1)]
    [InlineData(410, "Gone", 1)]
    public async Task GetAsync_Status_IsTriedAgainWhereItMayPass(int code, string reason, int tries)
    {
        await using var server = new LoopbackServer(Reply.Status(code, reason));
        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));
        Assert.Equal(tries, server.Requests.Count);
        Assert.StartsWith($"answers {code} {reason}", e.Failures.Single().Reason, StringComparison.Ordinal);
    }
}
