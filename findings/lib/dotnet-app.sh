# Sourced by the findings that need a .NET program: makes one in a temporary folder, with pinned packages, and runs it.

# dotnet_app "PACKAGE VERSION;PACKAGE VERSION;…" < program.cs: builds the program into $app; the folder goes when the script ends.
dotnet_app() {
  command -v dotnet >/dev/null || { echo "no dotnet on PATH: install the .NET 10 SDK" >&2; exit 2; }
  work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  local references='' package version
  while read -r package version; do
    [[ -z $package ]] || references+="<PackageReference Include=\"$package\" Version=\"[$version]\" />"
  done < <(tr ';' '\n' <<<"$1")
  cat >"$work/finding.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <NuGetAudit>false</NuGetAudit>
  </PropertyGroup>
  <ItemGroup>$references</ItemGroup>
</Project>
PROJECT
  cat >"$work/Program.cs"
  dotnet build "$work" -c Release -v quiet -o "$work/out" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 2; }
  app=$work/out/finding.dll
}

# expect WHAT PATTERN TEXT: fails, showing the text, unless a line of it matches the extended regular expression.
expect() {
  if grep -qE "$2" <<<"$3"; then
    printf 'as found: %s\n' "$1"
  else
    printf 'CHANGED: %s\n--- output\n%s\n' "$1" "$3" >&2
    exit 1
  fi
}
