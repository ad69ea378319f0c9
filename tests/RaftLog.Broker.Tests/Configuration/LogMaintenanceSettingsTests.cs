using RaftLog.Broker.Configuration;

namespace RaftLog.Broker.Tests.Configuration;

/// <summary>What the loops that look after logs are told.</summary>
public sealed class LogMaintenanceSettingsTests
{
    [Theory]
    [InlineData("3", 3)]
    [InlineData("0", 0)]
    [InlineData("2147483647", CleanerSettings.MostThreads)]
    public void No_number_that_a_client_sets_begins_loops_without_end(string set, int threads)
    {
        BrokerConfigs file = new(new ConfigSettings("test"));
        Dictionary<string, string> cluster = new(StringComparer.Ordinal) { ["log.cleaner.threads"] = set };
        LogMaintenanceSettings settings = LogMaintenanceSettings.Of(file, DynamicConfigs.None with { Default = cluster });
        Assert.Equal(threads, settings.Cleaner.Threads);
    }
}
