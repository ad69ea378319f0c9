using System.Text.RegularExpressions;
using RaftLog.Broker.Configuration;

namespace RaftLog.Architecture.Tests;

/// <summary>
/// A key is marked as implemented exactly when some code acts on it. Each typed setting says in its comment which key it holds; whether
/// anything outside the configuration asks for the setting, or looks the key up by its name, stands in the compiled code.
/// </summary>
public sealed partial class ConfigurationKeyTests
{
    private const string ConfigurationRoom = "RaftLog.Broker.Configuration.";

    /// <summary>Keys that only say how another one is to be read, or what is to be rejected.</summary>
    private static readonly string[] PartOfAnother = ["broker.id", "listener.security.protocol.map"];

    [Fact]
    public void A_nodes_key_is_implemented_exactly_when_something_acts_on_it()
    {
        HashSet<string> acted = [.. ActedOn(), .. PartOfAnother];
        foreach (
            ConfigDefinition own in ConfigDefinitions
                .Topic.All.Concat(ConfigDefinitions.Group.All)
                .Where(own => own.Support == ConfigSupport.Implemented)
        )
        {
            acted.UnionWith(own.BrokerKeys);
        }

        MustAgree(ConfigDefinitions.Broker, acted);
    }

    [Fact]
    public void A_topics_key_is_implemented_exactly_when_something_acts_on_it() => MustAgree(ConfigDefinitions.Topic, ActedOn());

    private static void MustAgree(ConfigDefinitions table, HashSet<string> acted)
    {
        foreach (ConfigDefinition key in table.All.Where(key => key.Support != ConfigSupport.Rejected))
        {
            Assert.True(
                acted.Contains(key.Name) == (key.Support == ConfigSupport.Implemented),
                acted.Contains(key.Name)
                    ? $"{key.Name} is marked 'no', and code asks for its setting: mark it 'yes'"
                    : $"{key.Name} is marked 'yes', and nothing outside the configuration looks it up, or asks for a setting that names "
                        + $"it in its comment"
            );
        }
    }

    private static HashSet<string> ActedOn()
    {
        HashSet<string> asked = [];
        HashSet<string> acted = [];
        foreach (string project in (string[])["RaftLog.Broker", "RaftLog.Cli", "RaftLog.Metadata"])
        {
            CompiledAssembly code = CompiledAssembly.OfProject(project);
            acted.UnionWith(
                code.Texts.Where(text => !text.Caller.StartsWith(ConfigurationRoom, StringComparison.Ordinal)).Select(text => text.Text)
            );
            asked.UnionWith(
                code.OwnCalls.Where(call => !call.Caller.StartsWith(ConfigurationRoom, StringComparison.Ordinal))
                    .Select(call => call.Member)
            );
            asked.UnionWith(
                code.Uses.Where(use => use.Type.StartsWith(ConfigurationRoom, StringComparison.Ordinal))
                    .Select(use => $"{use.Type}.{use.Member}")
            );
        }

        string folder = Path.Combine(Repository.Root, "src", "RaftLog.Broker", "Configuration");
        foreach (string file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            foreach ((string setting, string key) in SettingsOf(File.ReadAllLines(file)))
            {
                if (asked.Contains($"{ConfigurationRoom}{setting}"))
                {
                    acted.Add(key);
                }
            }
        }

        return acted;
    }

    /// <summary>The getters of a file's settings, each with a key that its comment names.</summary>
    private static List<(string Getter, string Key)> SettingsOf(string[] lines)
    {
        List<(string Property, string Key)> commented = [];
        List<(string Getter, string Key)> settings = [];
        string type = "";
        string? parameter = null;
        List<string> keysAbove = [];
        foreach (string line in lines)
        {
            if (line.TrimStart().StartsWith("///", StringComparison.Ordinal))
            {
                // A comment goes on over several lines.
                parameter = Parameter().Match(line) is { Success: true } begun ? begun.Groups[1].Value : parameter;
                string[] keys = [.. Key().Matches(line).Select(match => match.Groups[1].Value)];
                keysAbove.AddRange(keys);
                commented.AddRange(keys.Where(_ => parameter is not null).Select(key => (parameter!, key)));
                continue;
            }

            if (Record().Match(line) is { Success: true } record)
            {
                type = record.Groups[1].Value;
                settings.AddRange(commented.Select(each => ($"{type}.get_{each.Property}", each.Key)));
                commented.Clear();
            }
            else if (Property().Match(line) is { Success: true } property)
            {
                settings.AddRange(keysAbove.Select(key => ($"{type}.get_{property.Groups[1].Value}", key)));
            }

            parameter = null;
            keysAbove.Clear();
        }

        return settings;
    }

    [GeneratedRegex("<c>([a-z][a-z0-9.]+)</c>")]
    private static partial Regex Key();

    [GeneratedRegex("<param name=\"(\\w+)\">")]
    private static partial Regex Parameter();

    [GeneratedRegex(" record (\\w+)")]
    private static partial Regex Record();

    [GeneratedRegex(" (\\w+) \\{ get;")]
    private static partial Regex Property();
}
