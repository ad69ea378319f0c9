using System.Text.Json;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Roles;

/// <summary>
/// What every client library does on three nodes: 50,000 keyed records are produced with idempotence, while two members of a
/// group read them, a third joins, one dies, and coordinator and leader are killed; another member goes on from the commit; all is copied
/// with transactions while their coordinator is killed. Every record is there exactly once, in the order of its key.
/// </summary>
internal sealed class ClientRoles(Cluster cluster, RoleClient client)
{
    private const int Partitions = 6;
    private const int Step = 50;
    private const int Records = 50_000;
    private const int More = 100;

    private readonly string _source = $"{client.Name}-source";
    private readonly string _target = $"{client.Name}-target";
    private readonly string _group = $"{client.Name}-readers";

    /// <summary>Produces and reads, while members and nodes come and go.</summary>
    public async Task ProduceAndReadAsync()
    {
        await cluster.View.CreateTopicAsync(_source, Partitions, replicas: 3);
        using Command first = Member("a");
        using Command second = Member("b");
        using Command producer = client.Producer(cluster, _source);
        int written = 0;
        await Poll.UntilAsync(
            "two members read",
            async () =>
            {
                await WriteAsync(producer, written, written += Step);
                return first.Said.Length > 0 && second.Said.Length > 0;
            }
        );

        // A static member's place is taken by one with its name; otherwise the third finds the first alive.
        if (client.IsStatic)
        {
            first.Send(Signal.Kill);
        }

        using Command third = Member("a");
        first.Send(Signal.Kill);
        NodeProcess coordinator = await CoordinatorAsync(_group, 0);
        await coordinator.KillAsync();
        await WriteAsync(producer, written, Records);
        await coordinator.RestartAsync();
        NodeProcess leader = (await cluster.View.LeaderAsync(_source, 0))!;
        await cluster.View.UntilInSyncAsync(_source, Partitions, inSync: 3);
        await leader.KillAsync();
        producer.Input.Close();
        (await producer.EndAsync()).Succeeded();
        await Poll.UntilAsync("every record is read", () => SeenRecords.CountPlaces(first, second, third) >= Records);
        await leader.RestartAsync();
        await EndAsync(second, third);
        SeenRecords.MustBeWhole(SeenRecords.Of(first, second, third), Records);
        await MustBeCommittedAsync();
    }

    /// <summary>A new member reads what comes after the commit, and nothing else.</summary>
    public async Task GoOnFromTheCommitAsync()
    {
        using Command member = Member("a");
        using Command producer = client.Producer(cluster, _source);
        await WriteAsync(producer, Records, Records + More);
        producer.Input.Close();
        (await producer.EndAsync()).Succeeded();
        await Poll.UntilAsync("what is new is read", () => SeenRecords.CountPlaces(member) >= More);
        await EndAsync(member);
        Assert.Equal(Enumerable.Range(Records, More), SeenRecords.Of(member).Select(record => record.Value).Order());
    }

    /// <summary>Copies with transactions.</summary>
    public async Task TransformAsync()
    {
        await cluster.View.CreateTopicAsync(_target, Partitions, replicas: 3);
        string id = $"{client.Name}-copier";
        using Command copy = client.Transformer(cluster, id, _source, _target, Records + More);
        copy.Input.Close();
        await Poll.UntilAsync(
            "a transaction is committed",
            () => copy.HasEnded || copy.Said.Contains("committed", StringComparison.Ordinal)
        );
        if (client.OutlivesCoordinator)
        {
            NodeProcess coordinator = await CoordinatorAsync(id, 1);
            await coordinator.KillAsync();
            string before = copy.Said;
            await UntilGoesOnAsync(copy, before.Length + 100);
            await coordinator.RestartAsync();
        }

        (await copy.EndAsync()).Succeeded().Saying("aborted");
    }

    /// <summary>Reads the copy: kcat to its very end, and the client as a member of a group.</summary>
    public async Task ReadTheCopyAsync()
    {
        CommandResult whole = (
            await Kcat.RunAsync(
                cluster,
                ["-C", "-t", _target, "-o", "beginning", "-e", "-q", "-X", "isolation.level=read_committed", "-f", "%p %o %k %s\n"]
            )
        ).Succeeded();
        SeenRecords.MustBeWhole(SeenRecord.In(whole.Output), Records + More);
        using Command member = client.Member(cluster, $"{client.Name}-auditors", _target, "a");
        await Poll.UntilAsync("the copy is read", () => SeenRecords.CountPlaces(member) >= Records + More);
        await EndAsync(member);
        Assert.Equal(SeenRecord.In(whole.Output).ToHashSet(), [.. SeenRecords.Of(member)]);
    }

    /// <summary>
    /// Waits until a program has said more than so much. A client may give calls that were under way a minute each, one after the other;
    /// one that stands still tells by its last words where.
    /// </summary>
    private static async Task UntilGoesOnAsync(Command copy, int length)
    {
        try
        {
            await Poll.UntilAsync("transactions go on", () => copy.HasEnded || copy.Said.Length > length, TimeSpan.FromMinutes(5));
        }
        catch (XunitException stuck)
        {
            throw new XunitException($"{stuck.Message}\nsaid last: {LastLines(copy.Said)}\ncomplained last: {LastLines(copy.Complaints)}");
        }

        static string LastLines(string text) => string.Join('\n', text.TrimEnd().Split('\n').TakeLast(15));
    }

    private static async Task WriteAsync(Command producer, int from, int to)
    {
        try
        {
            for (int value = from; value < to; value++)
            {
                await producer.Input.WriteAsync($"{value}\n");
            }

            await producer.Input.FlushAsync();
        }
        catch (IOException)
        {
            (await producer.EndAsync()).Succeeded();
            throw;
        }
    }

    private static async Task EndAsync(params Command[] members)
    {
        foreach (Command member in members)
        {
            member.Send(Signal.Terminate);
            (await member.EndAsync()).Succeeded();
        }
    }

    private Command Member(string instance) => client.Member(cluster, _group, _source, instance);

    private async Task<NodeProcess> CoordinatorAsync(string key, sbyte keyType)
    {
        FindCoordinatorResponse found = await cluster.View.AskAsync(
            new FindCoordinatorRequest { KeyType = keyType, CoordinatorKeys = [key] }
        );
        Assert.Equal(ErrorCode.None, found.Coordinators[0].ErrorCode);
        return cluster.Node(found.Coordinators[0].NodeId.Value);
    }

    private async Task MustBeCommittedAsync()
    {
        CommandResult said = (
            await Command.RunAsync(Repository.RaftLog, ["group", "describe", _group, "--json", "--bootstrap-server", cluster.Bootstrap])
        ).Succeeded();
        using JsonDocument group = JsonDocument.Parse(said.Output);
        JsonElement positions = group.RootElement.GetProperty("positions");
        Assert.Equal(Partitions, positions.GetArrayLength());
        Assert.All(positions.EnumerateArray(), each => Assert.Equal(0, each.GetProperty("lag").GetInt64()));
    }
}
