using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

public sealed class CorpusSettingsTests
{
    [Fact]
    public void Validate_Defaults_AreTheDocumentedOnes()
    {
        var settings = new CorpusSettings { CacheDirectory = "cache" };

        settings.Validate();

        Assert.Null(settings.Mirror);
        Assert.Equal([10, 10, 60, 120, 20, 1],
            new[] { settings.ConnectTimeout, settings.StallTimeout, settings.SourceTimeout, settings.NpmTimeout, settings.AutoTimeout,
                settings.RetryDelay }
            .Select(time => (int)time.TotalSeconds));
        Assert.Equal((3, 5), (settings.Tries, settings.MaxRedirects));
        Assert.Equal((1_099_511_627_776, 268_435_456), (settings.MaxTextBytes, settings.MaxUnpackedBytes));
    }

    [Fact]
    public void Validate_ManyFaults_ListsThemAll()
    {
        var settings = new CorpusSettings
        {
            CacheDirectory = " ",
            ConnectTimeout = TimeSpan.Zero,
            RetryDelay = TimeSpan.FromSeconds(-1),
            Tries = 0,
            MaxTextBytes = CorpusSettings.LargestText + 1,
        };

        InvalidConfigException e = Assert.Throws<InvalidConfigException>(settings.Validate);

        Assert.Equal(
            [
                "the corpus cache directory is empty; give a path",
                "connect_timeout must be 0.001 to 86400 seconds, not 0",
                "retry_delay must be 0 to 86400 seconds, not -1",
                "tries must be 1 to 100, not 0",
                "max_text_bytes must be 1 to 1099511627776, not 1099511627777",
            ],
            e.Errors);
    }
}
