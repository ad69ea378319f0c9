namespace RaftLog.Jepsen.Tests;

/// <summary>The harness's arguments.</summary>
public sealed class RunOptionsTests
{
    [Fact]
    public void Without_arguments_it_is_five_minutes_of_appends_under_all_faults()
    {
        RunOptions options = RunOptions.Parse([], 7);

        Assert.Equal(TimeSpan.FromMinutes(5), options.Duration);
        Assert.Equal(["append"], options.WorkloadNames);
        Assert.Contains("kill", options.FaultNames);
        Assert.Equal(7UL, options.Seed);
    }

    [Fact]
    public void What_is_asked_for_is_told_as_a_command_that_asks_for_it_again()
    {
        string[] args =
        [
            "--minutes",
            "0.5",
            "--workload",
            "append,metadata",
            "--nemesis",
            "kill",
            "--seed",
            "9",
            "--acks",
            "1",
            "--set",
            "a.b=c",
        ];
        RunOptions options = RunOptions.Parse(args, 0);
        RunOptions again = RunOptions.Parse(options.Reproduction.Split(' '), 0);

        Assert.Equal(TimeSpan.FromSeconds(30), options.Duration);
        Assert.Equal(options.Reproduction, again.Reproduction);
        Assert.True(again.WeakAcks);
    }

    [Theory]
    [InlineData("--minutes", "soon")]
    [InlineData("--minutes", "0")]
    [InlineData("--workload", "apend")]
    [InlineData("--nemesis", "kill,sleep")]
    [InlineData("--system", "redis")]
    [InlineData("--set", "novalue")]
    [InlineData("--unknown", "x")]
    public void Arguments_without_meaning_are_rejected(string option, string value) =>
        Assert.Throws<FormatException>(() => RunOptions.Parse([option, value], 0));

    [Fact]
    public async Task A_program_that_is_not_there_is_a_usage_error() =>
        Assert.Equal(
            ExitCode.Usage,
            await JepsenProgram.RunAsync(["--raftlog", "/nowhere/raftlog"], TextWriter.Null, CancellationToken.None)
        );
}
