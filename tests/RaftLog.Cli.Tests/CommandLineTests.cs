using System.Net;
using System.Net.Sockets;

namespace RaftLog.Cli.Tests;

/// <summary>What a person reads, and what a script sees, when a command line is wrong or a cluster is not there.</summary>
[Collection(ConsoleCollection.Name)]
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("topix")]
    [InlineData("topic", "create")]
    [InlineData("produce")]
    [InlineData("consume", "orders", "--format", "xml")]
    [InlineData("simulate", "--seeds", "0")]
    public async Task A_command_line_that_is_not_understood_ends_with_2(params string[] args)
    {
        (int code, _, string error) = await Captured.RunAsync(args);

        Assert.Equal(2, code);
        Assert.Contains("--help", error);
    }

    [Theory]
    [InlineData("it is no whole number", "start", "--node", "x")]
    [InlineData("it is no whole number", "topic", "create", "t", "--partitions", "many")]
    [InlineData("it is no number", "simulate", "--minutes", "x")]
    [InlineData("it is no whole number", "consume", "t", "--partition", "x", "--offset", "5")]
    [InlineData("Unrecognized option '--bootstrap'", "config", "set", "topic", "t", "retention.ms=5", "--bootstrap", "a:9092")]
    [InlineData("Unrecognized option '--forse'", "log", "dump", "file", "--forse")]
    public async Task What_is_wrong_with_an_option_is_said_in_words(string expected, params string[] args)
    {
        (int code, _, string error) = await Captured.RunAsync(args);

        Assert.Equal(2, code);
        Assert.Contains(expected, error);
        Assert.DoesNotContain("System.", error);
    }

    [Fact]
    public async Task A_directory_in_the_place_of_a_file_is_called_one()
    {
        (int code, _, string error) = await Captured.RunAsync("start", "--config", Path.GetTempPath());

        Assert.Equal(1, code);
        Assert.Contains("is a directory", error);
    }

    [Fact]
    public void A_command_that_is_named_is_the_only_one_that_is_made()
    {
        IEnumerable<string> MadeFor(params string[] args) =>
            CommandLine.Parse(args).RootCommandResult.Command.Subcommands.Select(each => each.Name);

        IReadOnlyList<string> all = [.. MadeFor()];
        Assert.Contains("start", all);
        Assert.All(all, name => Assert.Equal([name], MadeFor(name, "--help")));
        Assert.Equal(all, MadeFor("strat"));
    }

    [Fact]
    public async Task A_missing_file_is_named_with_what_may_stand_there()
    {
        (int code, _, string error) = await Captured.RunAsync("start", "--config", "nowhere.json");

        Assert.Equal(1, code);
        Assert.Contains("nowhere.json", error);
        Assert.Contains("--config", error);
    }

    [Fact]
    public async Task An_offset_without_a_partition_is_a_usage_error()
    {
        (int code, _, string error) = await Captured.RunAsync("consume", "orders", "--offset", "5");

        Assert.Equal(2, code);
        Assert.Contains("--partition", error);
    }

    [Fact]
    public async Task A_server_that_is_no_address_is_rejected_with_an_example()
    {
        (int code, _, string error) = await Captured.RunAsync("topic", "list", "--bootstrap-server", "here");

        Assert.Equal(1, code);
        Assert.Contains("localhost:9092", error);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("soon")]
    public async Task A_timeout_that_is_no_time_is_a_usage_error(string seconds)
    {
        (int code, _, string error) = await Captured.RunAsync("topic", "list", "--timeout", seconds);

        Assert.Equal(2, code);
        Assert.Contains($"--timeout is '{seconds}'", error);
    }

    [Fact]
    public async Task A_server_that_accepts_and_says_nothing_is_waited_for_as_long_as_asked()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();

        (int code, _, string error) = await Captured.RunAsync([
            "topic",
            "list",
            "--timeout",
            "1",
            "--bootstrap-server",
            $"{silent.LocalEndpoint}",
        ]);

        Assert.Equal(1, code);
        Assert.Contains("Is the cluster running?", error);
    }
}
