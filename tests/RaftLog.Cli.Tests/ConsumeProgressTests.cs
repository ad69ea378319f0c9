using RaftLog.Cli.Clients.Records;

namespace RaftLog.Cli.Tests;

public class ConsumeProgressTests
{
    [Fact]
    public void Progress_is_one_line_that_is_written_over_now_and_then_and_ended_once()
    {
        ManualTime time = new();
        StringWriter error = new();
        ConsumeProgress progress = new(error, time);

        progress.Show(1, 100, null);
        Assert.Equal("", error.ToString());
        time.Advance(TimeSpan.FromSeconds(2));
        progress.Show(5000, 3 << 20, 1234);
        progress.Show(5001, 3 << 20, 1233);
        progress.End(6000, 4 << 20);

        Assert.Equal(
            "\r5,000 records, 3.0 MiB, 2,500 records/s, 1,234 left\u001b[K\r6,000 records, 4.0 MiB, 3,000 records/s\u001b[K\n",
            error.ToString()
        );
    }
}
